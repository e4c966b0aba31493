-- Who the people of the accounts are to a provider by which they sign in.
CREATE TABLE subjects (
  issuer TEXT    NOT NULL,
  name   TEXT    NOT NULL,          -- the claim "sub"
  email  TEXT    NOT NULL REFERENCES accounts (email),
  since  INTEGER NOT NULL,
  PRIMARY KEY (issuer, name)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX subjects_by_email ON subjects (email, issuer);

PRAGMA user_version = 12;
