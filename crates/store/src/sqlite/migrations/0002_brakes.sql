-- What the server's word to devices rests on. Signed documents are kept as they came; what a query
-- selects or orders by has a column of its own.

-- One row: counts every change of roots, revocations and holds.
CREATE TABLE standing (generation INTEGER NOT NULL) STRICT;
INSERT INTO standing VALUES (0);

CREATE TABLE roots (
  version  INTEGER PRIMARY KEY,
  signed   BLOB    NOT NULL,
  at       INTEGER NOT NULL,
  by_email TEXT
) STRICT;

CREATE TABLE revocations (
  epoch    INTEGER NOT NULL,
  seq      BLOB    NOT NULL,        -- eight bytes, big-endian: the highest number has no sign
  digest   BLOB    NOT NULL,
  signed   BLOB    NOT NULL,
  at       INTEGER NOT NULL,
  by_email TEXT    NOT NULL,
  PRIMARY KEY (epoch, seq)
) STRICT, WITHOUT ROWID;

CREATE TABLE holds (
  key      INTEGER PRIMARY KEY,
  manifest BLOB    NOT NULL,
  in_force INTEGER NOT NULL,
  value    TEXT    NOT NULL         -- release::Hold
) STRICT;
CREATE UNIQUE INDEX holds_in_force ON holds (manifest) WHERE in_force;

CREATE TABLE schedules (
  key      INTEGER PRIMARY KEY,
  manifest BLOB    NOT NULL,
  class    BLOB    NOT NULL,
  signed   BLOB    NOT NULL,
  at       INTEGER NOT NULL,
  by_email TEXT    NOT NULL
) STRICT;
CREATE INDEX schedules_by_release ON schedules (manifest, class);

CREATE INDEX devices_by_release ON devices (running_release);

PRAGMA user_version = 2;
