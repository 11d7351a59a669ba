-- Test runs that people ask for: once or by a clock, without an agent. `next` is when it is due; NULL where it will not run
-- again, is paused, or was removed.
CREATE TABLE schedules (
    id       INTEGER PRIMARY KEY AUTOINCREMENT,
    project  INTEGER NOT NULL REFERENCES projects (id),
    suites   TEXT NOT NULL CHECK (json_valid(suites)),
    revision TEXT,
    timing   TEXT NOT NULL CHECK (json_valid(timing)),
    by       TEXT NOT NULL CHECK (json_valid(by)),
    added    INTEGER NOT NULL,
    paused   INTEGER NOT NULL CHECK (paused IN (0, 1)),
    next     INTEGER,
    removed  INTEGER,
    CHECK (next IS NULL OR (paused = 0 AND removed IS NULL))
) STRICT;
CREATE INDEX schedules_due ON schedules (next) WHERE next IS NOT NULL;

-- Each time that one was due: the run that was started, or why there is none. `missed` counts the times between `due` and `at`
-- that got no run of their own.
CREATE TABLE firings (
    id       INTEGER PRIMARY KEY AUTOINCREMENT,
    schedule INTEGER NOT NULL REFERENCES schedules (id),
    due      INTEGER NOT NULL,
    at       INTEGER NOT NULL,
    missed   INTEGER NOT NULL CHECK (missed >= 0),
    run      INTEGER REFERENCES runs (id),
    fault    TEXT,
    CHECK ((run IS NULL) <> (fault IS NULL))
) STRICT;
CREATE INDEX firings_by_schedule ON firings (schedule, id);
