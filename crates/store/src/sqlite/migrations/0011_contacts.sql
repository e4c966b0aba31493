-- When each device was last heard of without saying anything else: most of what a server writes, so it has narrow rows of its own.
-- `devices.last_seen` is written with what a device reports, in the row that changes then anyway; the newer of both is when it was last
-- seen.
CREATE TABLE contacts (
  device INTEGER PRIMARY KEY REFERENCES devices (key),
  heard  INTEGER NOT NULL
) STRICT;
INSERT INTO contacts SELECT key, last_seen FROM devices WHERE last_seen IS NOT NULL ORDER BY key;

PRAGMA user_version = 11;
