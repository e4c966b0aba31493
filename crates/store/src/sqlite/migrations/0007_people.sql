-- What people sign in with. Of secrets only hashes are kept, but for `totp_secret`, from which codes are computed.
CREATE TABLE accounts (
  email       TEXT    NOT NULL PRIMARY KEY,
  role        TEXT    NOT NULL,
  password    TEXT    NOT NULL,     -- Argon2id, a PHC string
  totp_secret BLOB,
  totp_step   INTEGER,              -- the newest step of 30 seconds whose code was used
  since       INTEGER NOT NULL,
  closed      INTEGER,
  wrong_codes INTEGER NOT NULL DEFAULT 0, -- in a row, over all sessions
  wrong_last  INTEGER
) STRICT;

CREATE TABLE sessions (
  hash          BLOB    NOT NULL PRIMARY KEY,
  email         TEXT    NOT NULL REFERENCES accounts (email),
  since         INTEGER NOT NULL,
  seen          INTEGER NOT NULL,
  means         TEXT    NOT NULL,   -- access::Means
  second_factor INTEGER,
  wrong_codes   INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;
CREATE INDEX sessions_by_email ON sessions (email, since);
CREATE INDEX sessions_by_age ON sessions (since);

CREATE TABLE api_tokens (
  hash    BLOB    NOT NULL PRIMARY KEY,
  email   TEXT    NOT NULL REFERENCES accounts (email),
  name    TEXT    NOT NULL,
  scope   TEXT    NOT NULL,         -- access::Scope
  made    INTEGER NOT NULL,
  expires INTEGER NOT NULL,
  revoked INTEGER
) STRICT;
CREATE INDEX api_tokens_by_email ON api_tokens (email, made);
CREATE UNIQUE INDEX api_tokens_by_name ON api_tokens (email, name) WHERE revoked IS NULL;

CREATE TABLE setup_links (
  hash  BLOB    NOT NULL PRIMARY KEY,
  email TEXT,                       -- none for a server's first
  role  TEXT    NOT NULL,
  made  INTEGER NOT NULL,
  maker      TEXT,                  -- none for one of the server's own machine
  maker_role TEXT,
  vouched_by TEXT
) STRICT, WITHOUT ROWID;

PRAGMA user_version = 7;
