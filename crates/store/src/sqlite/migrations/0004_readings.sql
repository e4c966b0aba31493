-- What was read on devices that rollouts compare: as many rows as pairs are open, times two and times signals.
CREATE TABLE readings (
  rollout INTEGER NOT NULL REFERENCES rollouts (id),
  device  INTEGER NOT NULL REFERENCES devices (key),
  signal  TEXT    NOT NULL,
  at      INTEGER NOT NULL,
  milli   INTEGER NOT NULL,
  PRIMARY KEY (rollout, device, signal)
) STRICT, WITHOUT ROWID;

-- How many polls such a device missed since an instant.
CREATE TABLE missed_polls (
  rollout INTEGER NOT NULL REFERENCES rollouts (id),
  device  INTEGER NOT NULL REFERENCES devices (key),
  since   INTEGER NOT NULL,
  polls   INTEGER NOT NULL,
  PRIMARY KEY (rollout, device)
) STRICT, WITHOUT ROWID;

PRAGMA user_version = 4;
