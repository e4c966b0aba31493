-- Devices that ask with another update client, under the name that they have there.
CREATE TABLE controllers (
  device           INTEGER PRIMARY KEY REFERENCES devices (key),
  controller       TEXT    NOT NULL UNIQUE,
  profile          TEXT,
  profile_by       TEXT,
  wants_attributes INTEGER NOT NULL DEFAULT 1,
  reported         TEXT,            -- by its own word, apart from what is declared
  auto_confirm     TEXT
) STRICT;

-- One row at most, the last number that was given away; the program fills it with a drawn one.
CREATE TABLE order_numbers (last INTEGER NOT NULL) STRICT;

CREATE TABLE orders (
  number  INTEGER PRIMARY KEY,
  device  INTEGER NOT NULL REFERENCES devices (key),
  rollout INTEGER NOT NULL REFERENCES rollouts (id),
  is_open INTEGER NOT NULL,
  value   TEXT    NOT NULL          -- rollout::Order
) STRICT;
CREATE UNIQUE INDEX orders_open ON orders (device) WHERE is_open;
CREATE INDEX orders_by_device ON orders (device, number);

CREATE TABLE order_log (
  key    INTEGER PRIMARY KEY,
  number INTEGER NOT NULL REFERENCES orders (number),
  at     INTEGER NOT NULL,
  word   TEXT    NOT NULL,
  text   TEXT    NOT NULL           -- the details, a JSON array of texts
) STRICT;
CREATE INDEX order_log_by_number ON order_log (number, key);

-- What clients ask of a payload beside its digest; none of it protects anything.
CREATE TABLE payloads (
  image  BLOB    PRIMARY KEY,
  bytes  INTEGER NOT NULL,
  sha1   BLOB    NOT NULL,
  md5    BLOB    NOT NULL,
  ending TEXT    NOT NULL
) STRICT, WITHOUT ROWID;

PRAGMA user_version = 6;
