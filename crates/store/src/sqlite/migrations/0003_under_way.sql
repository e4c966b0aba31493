-- Each promise counts the devices that take a place for a download, whichever server promised it.
CREATE INDEX enrolments_under_way ON enrolments (rollout, device)
  WHERE progress ->> 'state' IN ('promised', 'began');

PRAGMA user_version = 3;
