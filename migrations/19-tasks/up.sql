-- What is asked for beside the loop: today by the agent of a run during its turn, whose advice it is. `run` is NULL for what
-- belongs to no run. `by` says who asked, `what` what for, `result` what came of it.
CREATE TABLE tasks (
    id        INTEGER PRIMARY KEY AUTOINCREMENT,
    kind      TEXT NOT NULL CHECK (length(kind) BETWEEN 1 AND 64),
    project   INTEGER NOT NULL REFERENCES projects (id),
    run       INTEGER REFERENCES runs (id),
    iteration INTEGER CHECK (iteration >= 0),
    attempt   INTEGER CHECK (attempt >= 0),
    by        TEXT NOT NULL CHECK (json_valid(by)),
    what      TEXT NOT NULL CHECK (json_valid(what)),
    commit_id TEXT,
    state     TEXT NOT NULL CHECK (state IN ('queued', 'working', 'ready', 'ended')),
    stopping  INTEGER NOT NULL DEFAULT 0 CHECK (stopping IN (0, 1)),
    result    TEXT CHECK (result IS NULL OR json_valid(result)),
    asked     INTEGER NOT NULL,
    begun     INTEGER,
    ended     INTEGER,
    CHECK ((run IS NULL) = (iteration IS NULL)),
    CHECK ((run IS NULL) = (attempt IS NULL)),
    CHECK ((state = 'ended') = (result IS NOT NULL AND ended IS NOT NULL)),
    CHECK (state NOT IN ('working', 'ready') OR begun IS NOT NULL)
) STRICT;
CREATE INDEX tasks_by_run ON tasks (run, id) WHERE run IS NOT NULL;
CREATE INDEX tasks_open ON tasks (id) WHERE state <> 'ended';
