-- What lets devices in that have no token yet. Of a code only the hash is kept; `terms` is access::JoinTerms, `device` the name
-- in them.
CREATE TABLE join_codes (
  hash    bytea  PRIMARY KEY,
  terms   text   NOT NULL,
  uses    bigint NOT NULL,
  used    bigint NOT NULL,
  made    bigint NOT NULL,
  maker   text   NOT NULL,
  expires bigint NOT NULL,
  revoked bigint,
  device  text
);
CREATE INDEX join_codes_by_age ON join_codes (made);
CREATE INDEX join_codes_by_device ON join_codes (device) WHERE device IS NOT NULL;

-- Certificates of devices that let nobody in any more, whatever their authority says: SHA-256 of each, whole.
CREATE TABLE revoked_certificates (
  fingerprint bytea  PRIMARY KEY,
  at          bigint NOT NULL,
  by_email    text   NOT NULL,
  why         text   NOT NULL
);
CREATE INDEX revoked_certificates_by_age ON revoked_certificates (at);

-- An older server lets nobody in by a code or a certificate at all.
UPDATE schema SET version = 9;
