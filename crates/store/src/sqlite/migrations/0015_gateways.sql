-- Which devices stand behind a gateway that speaks for them, by the word of people. A device stands behind one at most, and whoever stands behind one
-- has none behind itself.
CREATE TABLE children (
  device  INTEGER PRIMARY KEY REFERENCES devices (key),
  gateway INTEGER NOT NULL REFERENCES devices (key)
) STRICT;
CREATE INDEX children_by_gateway ON children (gateway);

PRAGMA user_version = 15;
