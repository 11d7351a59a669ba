-- What the watchdog was told of each iteration, and what it said. An iteration that was not judged has none.
CREATE TABLE watched (
    run       INTEGER NOT NULL REFERENCES runs (id),
    iteration INTEGER NOT NULL CHECK (iteration > 0),
    round     TEXT NOT NULL CHECK (json_valid(round)),
    verdict   TEXT NOT NULL CHECK (json_valid(verdict)),
    PRIMARY KEY (run, iteration)
) STRICT, WITHOUT ROWID;
