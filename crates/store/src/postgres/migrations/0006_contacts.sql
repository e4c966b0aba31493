-- When each device was last heard of without saying anything else: most of what a server writes, so it has narrow rows of its own,
-- which stay on their pages. `devices.last_seen` is written with what a device reports, in the row that changes then anyway; the newer of
-- both is when it was last seen.
CREATE TABLE contacts (
  device bigint PRIMARY KEY REFERENCES devices (key),
  heard  bigint NOT NULL
) WITH (fillfactor = 50);
INSERT INTO contacts (device, heard) SELECT key, last_seen FROM devices WHERE last_seen IS NOT NULL ORDER BY key;

-- A server of the version before goes on writing `devices.last_seen`, which all read. It doesn't read what others write here: as long as
-- it takes the steps of rollouts, devices that only ask at others look silent to it, about which it asks people and halts nothing.
UPDATE schema SET version = 6;
