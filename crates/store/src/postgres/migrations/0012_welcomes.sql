-- What lets devices in that nobody registered and that show a certificate of a device authority; `terms` is access::WelcomeTerms.
CREATE TABLE welcomes (
  id      bytea  PRIMARY KEY,
  terms   text   NOT NULL,
  uses    bigint NOT NULL,
  used    bigint NOT NULL,
  made    bigint NOT NULL,
  maker   text   NOT NULL,
  expires bigint NOT NULL,
  revoked bigint
);
CREATE INDEX welcomes_by_age ON welcomes (made);
CREATE INDEX welcomes_by_end ON welcomes (expires);

-- An older server lets nobody in whom people didn't register.
UPDATE schema SET version = 12;
