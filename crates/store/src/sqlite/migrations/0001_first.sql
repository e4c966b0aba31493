-- Times are microseconds since 1970-01-01 UTC. Values that only the domain reads are JSON; what a
-- query selects, joins or orders by has a column of its own. `devices.key` is what other tables
-- refer to: an integer keeps batches in the order of the table.

CREATE TABLE devices (
  key             INTEGER PRIMARY KEY,
  id              TEXT    NOT NULL UNIQUE,
  token_hash      BLOB    NOT NULL UNIQUE,
  class           TEXT    NOT NULL,
  hardware        TEXT    NOT NULL,
  zone            TEXT    NOT NULL,
  bootloader      TEXT    NOT NULL,
  registered_at   INTEGER NOT NULL,
  last_seen       INTEGER,
  running         TEXT,             -- fleet::Running
  running_release BLOB,
  verified        INTEGER NOT NULL DEFAULT 0,
  attributes      TEXT    NOT NULL,
  acknowledged    INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX devices_by_class ON devices (class);

CREATE TABLE people (
  email      TEXT NOT NULL PRIMARY KEY,
  duty       TEXT NOT NULL,
  token_hash BLOB NOT NULL UNIQUE
) STRICT;

CREATE TABLE plans (
  revision INTEGER PRIMARY KEY,
  text     TEXT    NOT NULL,
  digest   BLOB    NOT NULL,
  at       INTEGER NOT NULL,
  by_email TEXT    NOT NULL
) STRICT;

CREATE TABLE releases (
  key      INTEGER PRIMARY KEY,
  id       TEXT NOT NULL UNIQUE,
  manifest BLOB NOT NULL UNIQUE,
  stage    TEXT NOT NULL,
  value    TEXT NOT NULL,           -- release::Release
  envelope BLOB NOT NULL
) STRICT;

-- One row, the last number that was given away.
CREATE TABLE rollout_numbers (last INTEGER NOT NULL) STRICT;
INSERT INTO rollout_numbers VALUES (0);

CREATE TABLE rollouts (
  id         INTEGER PRIMARY KEY,
  class      TEXT    NOT NULL,
  phase      TEXT    NOT NULL,
  generation INTEGER NOT NULL,
  candidate  TEXT    NOT NULL,      -- rollout::Candidate
  value      TEXT    NOT NULL       -- rollout::Rollout
) STRICT;
CREATE INDEX rollouts_by_phase ON rollouts (phase, id);

CREATE TABLE enrolments (
  rollout  INTEGER NOT NULL REFERENCES rollouts (id),
  device   INTEGER NOT NULL REFERENCES devices (key),
  wave     INTEGER NOT NULL,
  before   BLOB,                    -- the verified release that it ran when it was enrolled
  progress TEXT    NOT NULL,        -- rollout::Progress
  PRIMARY KEY (rollout, device)
) STRICT, WITHOUT ROWID;
CREATE INDEX enrolments_by_device ON enrolments (device, rollout);

CREATE TABLE timeline (
  key    INTEGER PRIMARY KEY,
  device INTEGER NOT NULL REFERENCES devices (key),
  at     INTEGER NOT NULL,
  kind   TEXT    NOT NULL,
  text   TEXT    NOT NULL,
  event  TEXT
) STRICT;
CREATE INDEX timeline_by_device ON timeline (device);

CREATE TABLE incidents (
  id    INTEGER PRIMARY KEY,
  value TEXT NOT NULL               -- telemetry::Incident
) STRICT;

PRAGMA application_id = 1296978772; -- "MNST"
PRAGMA user_version = 1;
