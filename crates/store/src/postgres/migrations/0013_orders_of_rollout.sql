-- Of a rollout's orders, those that its page counts, and those that its end waits for. There are few of them; all orders there ever were
-- would be read without.
CREATE INDEX orders_unverified ON orders (rollout) WHERE is_open AND state = 'installed';
CREATE INDEX orders_in_hand ON orders (rollout, device) WHERE is_open OR ending IN ('cancelled', 'given-up');

UPDATE schema SET version = 13;
