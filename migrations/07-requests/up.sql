-- Requests to models: what each may take is written down before it is sent, what it took after it. A run's use of its turn is
-- the sum of its rows, whatever its agent says.

CREATE TABLE requests (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    run         INTEGER NOT NULL REFERENCES runs (id),
    iteration   INTEGER NOT NULL,
    provider    TEXT NOT NULL,
    model       TEXT NOT NULL,
    -- open: under way. settled: ended. cut: the engine never saw its end.
    state       TEXT NOT NULL CHECK (state IN ('open', 'settled', 'cut')),
    status      INTEGER NOT NULL,
    input       INTEGER NOT NULL CHECK (input >= 0),
    output      INTEGER NOT NULL CHECK (output >= 0),
    cached      INTEGER NOT NULL CHECK (cached >= 0),
    cache_write INTEGER NOT NULL CHECK (cache_write >= 0),
    microusd    INTEGER NOT NULL CHECK (microusd >= 0),
    -- Whether the provider said what it took; otherwise it is reckoned.
    said        INTEGER NOT NULL CHECK (said IN (0, 1)),
    -- 0: in no sum yet. 1: in the sum of a turn that ends. 2: in what the run has spent.
    counted     INTEGER NOT NULL CHECK (counted IN (0, 1, 2)),
    started     INTEGER NOT NULL,
    ended       INTEGER
) STRICT;
CREATE INDEX requests_by_run ON requests (run, id);
CREATE INDEX requests_uncounted ON requests (run) WHERE counted < 2;
