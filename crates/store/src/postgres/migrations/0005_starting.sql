-- A rollout may be kept that has no devices yet: `starting` in its value. A server that doesn't know that would take its steps, and
-- call it complete.
UPDATE schema SET version = 5, min_reader = 5;
