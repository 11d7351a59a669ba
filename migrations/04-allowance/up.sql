-- What projects and days may spend: the ledger tells days, iterations and time, and what turns under way may use is reserved.

-- `day` counts days since 1970-01-01 in UTC: the day on which the turn began that the use belongs to.
ALTER TABLE usage ADD COLUMN iterations INTEGER NOT NULL DEFAULT 0 CHECK (iterations >= 0);
ALTER TABLE usage ADD COLUMN milliseconds INTEGER NOT NULL DEFAULT 0 CHECK (milliseconds >= 0);
ALTER TABLE usage ADD COLUMN day INTEGER NOT NULL DEFAULT 0;
UPDATE usage SET day = at / 86400000;
-- Iterations and time of before stand in the runs alone; they count to the day on which the run changed last.
INSERT INTO usage (run, iteration, kind, tokens, microusd, at, iterations, milliseconds, day)
    SELECT id, iteration, 'earlier', 0, 0, updated, spent_iterations, spent_milliseconds, updated / 86400000
    FROM runs WHERE spent_iterations + spent_milliseconds > 0;
CREATE INDEX usage_by_day ON usage (day, run);

-- One row for each run whose iteration is under way; none for a run that is over.
CREATE TABLE reservations (
    run          INTEGER PRIMARY KEY NOT NULL REFERENCES runs (id),
    iteration    INTEGER NOT NULL CHECK (iteration > 0),
    attempt      INTEGER NOT NULL CHECK (attempt > 0),
    day          INTEGER NOT NULL,
    iterations   INTEGER NOT NULL CHECK (iterations >= 0),
    milliseconds INTEGER NOT NULL CHECK (milliseconds >= 0),
    tokens       INTEGER NOT NULL CHECK (tokens >= 0),
    microusd     INTEGER NOT NULL CHECK (microusd >= 0)
) STRICT;

-- What people allowed beyond a cap, once: for one day, or for a project as a whole.
CREATE TABLE grants (
    id       INTEGER PRIMARY KEY AUTOINCREMENT,
    question INTEGER NOT NULL REFERENCES questions (id),
    project  INTEGER REFERENCES projects (id),
    day      INTEGER,
    measure  TEXT NOT NULL CHECK (measure IN ('iterations', 'time', 'tokens', 'money')),
    amount   INTEGER NOT NULL CHECK (amount > 0),
    at       INTEGER NOT NULL,
    CHECK (project IS NOT NULL OR day IS NOT NULL)
) STRICT;
CREATE INDEX grants_by_account ON grants (day, project);
