-- What happened, as it is told outwards. One row has the last number that was given away: it is locked until the commit, so that numbers
-- rise in the order of the commits.
CREATE TABLE event_numbers (
  only_row boolean PRIMARY KEY DEFAULT TRUE CHECK (only_row),
  last     bigint  NOT NULL
) WITH (fillfactor = 50);
INSERT INTO event_numbers (last) VALUES (0);

CREATE TABLE events (
  number  bigint PRIMARY KEY,
  at      bigint NOT NULL,
  kind    text   NOT NULL,
  subject text   NOT NULL,
  value   text   NOT NULL           -- api::event::Happened
);

-- Who is told by HTTP, and up to which event their deliveries were made out.
CREATE TABLE webhooks (
  id       text   COLLATE "C" PRIMARY KEY,
  secret   bytea  NOT NULL,         -- encrypted, with a key that isn't here
  position bigint NOT NULL,
  value    text   NOT NULL          -- api::webhook::Subscription
);

CREATE TABLE deliveries (
  webhook text    COLLATE "C" NOT NULL REFERENCES webhooks (id),
  event   bigint  NOT NULL,
  subject text    NOT NULL,
  is_open boolean NOT NULL,
  value   text    NOT NULL,         -- api::webhook::Delivery
  PRIMARY KEY (webhook, event)
);
CREATE INDEX deliveries_open ON deliveries (webhook, subject, event) WHERE is_open;

-- What requests with a key of their own were answered, for a day.
CREATE TABLE idempotency_keys (
  email       text   COLLATE "C" NOT NULL,
  key         text   COLLATE "C" NOT NULL,
  fingerprint bytea  NOT NULL,
  at          bigint NOT NULL,
  status      bigint,
  media_type  text,
  body        bytea,
  PRIMARY KEY (email, key)
);
CREATE INDEX idempotency_keys_by_age ON idempotency_keys (at);

-- A server of the version before notes nothing of what it changes; whoever must miss nothing lets none run beside newer ones for long.
UPDATE schema SET version = 8;
