-- A device's newest order that ended well, which each look at it asks for: without, the orders that it ever had would be read.
CREATE INDEX orders_installed ON orders (device)
  WHERE value ->> '$.state.how' IN ('verified', 'taken-at-its-word');

PRAGMA user_version = 19;
