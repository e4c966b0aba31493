-- The certificates that this house gave to its devices, by what each is known and revoked by: SHA-256 of it, whole. `asked_with` is that of the
-- certificate that the device showed when it asked; NULL if it showed its token.
CREATE TABLE issued_certificates (
  fingerprint BLOB    NOT NULL PRIMARY KEY,
  device      INTEGER NOT NULL REFERENCES devices (key),
  serial      BLOB    NOT NULL,
  at          INTEGER NOT NULL,
  ends        INTEGER NOT NULL,
  asked_with  BLOB
) STRICT, WITHOUT ROWID;
CREATE INDEX issued_certificates_of_device ON issued_certificates (device, at);

PRAGMA user_version = 16;
