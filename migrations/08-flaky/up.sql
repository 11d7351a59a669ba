-- Tests that fail and pass on the same tree. `rerun` of a run: the suites that run a second time, while they do; of an iteration:
-- those that did.
ALTER TABLE runs ADD COLUMN rerun TEXT CHECK (rerun IS NULL OR json_valid(rerun));
ALTER TABLE iterations ADD COLUMN rerun TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(rerun));
ALTER TABLE iterations ADD COLUMN rerun_disagrees TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(rerun_disagrees));

-- A further verdict, which no column that is there already would take.
CREATE TABLE suites_with_flaky (
    run       INTEGER NOT NULL REFERENCES runs (id),
    iteration INTEGER NOT NULL CHECK (iteration >= 0),
    suite     TEXT NOT NULL,
    verdict   TEXT NOT NULL CHECK (verdict IN ('passed', 'failed', 'uncounted', 'no_verdict', 'flaky')),
    exit_code INTEGER,
    passed    INTEGER NOT NULL CHECK (passed >= 0),
    failed    INTEGER NOT NULL CHECK (failed >= 0),
    skipped   INTEGER NOT NULL CHECK (skipped >= 0),
    cases     TEXT NOT NULL CHECK (json_valid(cases)),
    oddities  TEXT NOT NULL CHECK (json_valid(oddities)),
    flaky     TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(flaky)),
    PRIMARY KEY (run, iteration, suite)
) STRICT;
INSERT INTO suites_with_flaky (run, iteration, suite, verdict, exit_code, passed, failed, skipped, cases, oddities)
    SELECT run, iteration, suite, verdict, exit_code, passed, failed, skipped, cases, oddities FROM suites;
DROP TABLE suites;
ALTER TABLE suites_with_flaky RENAME TO suites;

-- What a project's tests did. `passes`: how often a test has passed in a row since it last failed.
CREATE TABLE flaky_tests (
    project   INTEGER NOT NULL REFERENCES projects (id),
    suite     TEXT NOT NULL,
    test      TEXT NOT NULL,
    seen      INTEGER NOT NULL CHECK (seen > 0),
    passes    INTEGER NOT NULL CHECK (passes >= 0),
    last_run  INTEGER NOT NULL REFERENCES runs (id),
    iteration INTEGER NOT NULL CHECK (iteration >= 0),
    last_seen INTEGER NOT NULL,
    PRIMARY KEY (project, suite, test)
) STRICT, WITHOUT ROWID;
