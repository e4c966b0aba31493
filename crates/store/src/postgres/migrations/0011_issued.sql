-- The certificates that this house gave to its devices, by what each is known and revoked by: SHA-256 of it, whole. `asked_with` is that of the
-- certificate that the device showed when it asked; NULL if it showed its token.
CREATE TABLE issued_certificates (
  fingerprint bytea  PRIMARY KEY,
  device      bigint NOT NULL REFERENCES devices (key),
  serial      bytea  NOT NULL,
  at          bigint NOT NULL,
  ends        bigint NOT NULL,
  asked_with  bytea
);
CREATE INDEX issued_certificates_of_device ON issued_certificates (device, at);

-- An older server issues none, and lets devices in by these as by those of any authority.
UPDATE schema SET version = 11;
