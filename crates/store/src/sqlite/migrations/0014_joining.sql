-- What lets devices in that have no token yet. Of a code only the hash is kept; `terms` is access::JoinTerms, `device` the name
-- in them.
CREATE TABLE join_codes (
  hash    BLOB    NOT NULL PRIMARY KEY,
  terms   TEXT    NOT NULL,
  uses    INTEGER NOT NULL,
  used    INTEGER NOT NULL,
  made    INTEGER NOT NULL,
  maker   TEXT    NOT NULL,
  expires INTEGER NOT NULL,
  revoked INTEGER,
  device  TEXT
) STRICT, WITHOUT ROWID;
CREATE INDEX join_codes_by_age ON join_codes (made);
CREATE INDEX join_codes_by_device ON join_codes (device) WHERE device IS NOT NULL;

-- Certificates of devices that let nobody in any more, whatever their authority says: SHA-256 of each, whole.
CREATE TABLE revoked_certificates (
  fingerprint BLOB    NOT NULL PRIMARY KEY,
  at          INTEGER NOT NULL,
  by_email    TEXT    NOT NULL,
  why         TEXT    NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX revoked_certificates_by_age ON revoked_certificates (at);

PRAGMA user_version = 14;
