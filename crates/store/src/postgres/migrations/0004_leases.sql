-- Which server does a job that one does for all: `until` is in microseconds since 1970, by this database's clock.
CREATE TABLE leases (
  job        text   COLLATE "C" PRIMARY KEY,
  holder     text   NOT NULL,
  generation bigint NOT NULL,
  until      bigint NOT NULL
) WITH (fillfactor = 50);

-- A server that takes no lease does every job, as all of them did until now: what it writes is checked where it is written.
UPDATE schema SET version = 4;
