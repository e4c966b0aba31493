-- What lets devices in that nobody registered and that show a certificate of a device authority; `terms` is access::WelcomeTerms.
CREATE TABLE welcomes (
  id      BLOB    NOT NULL PRIMARY KEY,
  terms   TEXT    NOT NULL,
  uses    INTEGER NOT NULL,
  used    INTEGER NOT NULL,
  made    INTEGER NOT NULL,
  maker   TEXT    NOT NULL,
  expires INTEGER NOT NULL,
  revoked INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX welcomes_by_age ON welcomes (made);
CREATE INDEX welcomes_by_end ON welcomes (expires);

PRAGMA user_version = 17;
