-- A rollout may be kept that has no devices yet: `starting` in its value.
PRAGMA user_version = 10;
