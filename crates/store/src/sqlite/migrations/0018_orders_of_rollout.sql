-- Of a rollout's orders, those that its page counts, and those that its end waits for. There are few of them; all orders there ever were
-- would be read without.
CREATE INDEX orders_unverified ON orders (rollout)
  WHERE is_open AND value ->> '$.state.state' = 'installed';
CREATE INDEX orders_in_hand ON orders (rollout, device)
  WHERE is_open OR value ->> '$.state.how' IN ('cancelled', 'given-up');

PRAGMA user_version = 18;
