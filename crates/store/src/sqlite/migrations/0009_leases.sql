-- Which server does a job that one does for all: `until` is in microseconds since 1970, by the clock of whoever keeps this file.
CREATE TABLE leases (
  job        TEXT PRIMARY KEY NOT NULL,
  holder     TEXT NOT NULL,
  generation INTEGER NOT NULL,
  until      INTEGER NOT NULL
) STRICT;

PRAGMA user_version = 9;
