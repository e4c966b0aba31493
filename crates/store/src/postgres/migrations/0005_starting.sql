-- Who was drawn for a rollout that is starting, in parts that are enrolled one by one: rows are gone when their devices are.
CREATE TABLE draws (
  rollout bigint NOT NULL REFERENCES rollouts (id),
  part    bigint NOT NULL,
  devices text   NOT NULL, -- a JSON array of devices with their waves, [["th-0042", 1], ...]
  PRIMARY KEY (rollout, part)
);

-- A rollout that is starting has a phase of its own in its column, for which a server of the version before doesn't look: it takes no step
-- of it, and offers nothing of it.
UPDATE schema SET version = 5;
