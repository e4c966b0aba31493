-- Whether a device ran nothing at all when it was promised the candidate: that it is in safe mode then isn't the candidate's doing.
ALTER TABLE enrolments ADD COLUMN ran_nothing INTEGER NOT NULL DEFAULT 0;

PRAGMA user_version = 5;
