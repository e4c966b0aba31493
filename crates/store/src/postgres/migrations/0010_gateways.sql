-- Which devices stand behind a gateway that speaks for them, by the word of people. A device stands behind one at most, and whoever stands behind one
-- has none behind itself.
CREATE TABLE children (
  device  bigint PRIMARY KEY REFERENCES devices (key),
  gateway bigint NOT NULL REFERENCES devices (key)
);
CREATE INDEX children_by_gateway ON children (gateway);

-- An older server lets no gateway speak for anybody.
UPDATE schema SET version = 10;
