-- When each device was last heard of without saying anything else: most of what a server writes, so it has narrow rows of its own,
-- which stay on their pages. `devices.last_seen` is written with what a device reports, in the row that changes then anyway; the newer of
-- both is when it was last seen.
CREATE TABLE contacts (
  device bigint PRIMARY KEY,
  heard  bigint NOT NULL
) WITH (fillfactor = 50);
INSERT INTO contacts (device, heard) SELECT key, last_seen FROM devices WHERE last_seen IS NOT NULL ORDER BY key;
-- Last: it is checked once for all rows, and no row of `devices` is locked, and written, for it.
ALTER TABLE contacts ADD FOREIGN KEY (device) REFERENCES devices (key);

-- A server of a version before reads `devices.last_seen` alone: whoever polls at others would look silent to it. It counts that as missed
-- polls, for good and for all servers, and those can halt a rollout. So none runs beside this step.
UPDATE schema SET version = 6, min_reader = 6;
