-- The bug table is opened in this order, however many bugs there are.
CREATE INDEX bugs_by_last_seen ON bugs (last_seen);
