-- Who was drawn for a rollout that is starting, in parts that are enrolled one by one: rows are gone when their devices are.
CREATE TABLE draws (
  rollout INTEGER NOT NULL REFERENCES rollouts (id),
  part    INTEGER NOT NULL,
  devices TEXT    NOT NULL, -- a JSON array of devices with their waves, [["th-0042", 1], ...]
  PRIMARY KEY (rollout, part)
) STRICT;

PRAGMA user_version = 10;
