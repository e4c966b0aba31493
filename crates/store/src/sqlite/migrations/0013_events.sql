-- What happened, as it is told outwards. One row has the last number that was given away.
CREATE TABLE event_numbers (last INTEGER NOT NULL) STRICT;
INSERT INTO event_numbers VALUES (0);

CREATE TABLE events (
  number  INTEGER PRIMARY KEY NOT NULL,
  at      INTEGER NOT NULL,
  kind    TEXT NOT NULL,
  subject TEXT NOT NULL,
  value   TEXT NOT NULL -- api::event::Happened
) STRICT;

-- Who is told by HTTP, and up to which event their deliveries were made out.
CREATE TABLE webhooks (
  id       TEXT PRIMARY KEY NOT NULL,
  secret   BLOB NOT NULL, -- encrypted, with a key that isn't here
  position INTEGER NOT NULL,
  value    TEXT NOT NULL  -- api::webhook::Subscription
) STRICT;

CREATE TABLE deliveries (
  webhook TEXT NOT NULL REFERENCES webhooks (id),
  event   INTEGER NOT NULL,
  subject TEXT NOT NULL,
  is_open INTEGER NOT NULL,
  value   TEXT NOT NULL, -- api::webhook::Delivery
  PRIMARY KEY (webhook, event)
) STRICT;
CREATE INDEX deliveries_open ON deliveries (webhook, subject, event) WHERE is_open;

-- What requests with a key of their own were answered, for a day.
CREATE TABLE idempotency_keys (
  email       TEXT NOT NULL,
  key         TEXT NOT NULL,
  fingerprint BLOB NOT NULL,
  at          INTEGER NOT NULL,
  status      INTEGER,
  media_type  TEXT,
  body        BLOB,
  PRIMARY KEY (email, key)
) STRICT;
CREATE INDEX idempotency_keys_by_age ON idempotency_keys (at);

PRAGMA user_version = 13;
