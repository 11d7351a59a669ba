-- The ground of every later part: one ledger for questions, one for usage, one audit format.
-- Columns are for what is asked for by value; lists live in compact JSON text.
-- Ids are never used again (AUTOINCREMENT), because names of containers are derived from them.

CREATE TABLE settings (
    key   TEXT PRIMARY KEY NOT NULL,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- `record` is the text that `hash` is taken of; the other columns repeat parts of it for look-ups.
CREATE TABLE audit (
    seq      INTEGER PRIMARY KEY NOT NULL CHECK (seq > 0),
    record   BLOB NOT NULL,
    hash     BLOB NOT NULL CHECK (length(hash) = 32),
    wall     INTEGER NOT NULL,
    kind     TEXT NOT NULL CHECK (length(kind) BETWEEN 1 AND 64),
    project  INTEGER,
    run      INTEGER,
    question INTEGER
) STRICT;
CREATE INDEX audit_by_run ON audit (run, seq) WHERE run IS NOT NULL;
CREATE INDEX audit_by_kind ON audit (kind, seq);

CREATE TABLE projects (
    id      INTEGER PRIMARY KEY AUTOINCREMENT,
    name    TEXT NOT NULL UNIQUE CHECK (length(name) > 0),
    source  TEXT NOT NULL CHECK (length(source) > 0),
    created INTEGER NOT NULL
) STRICT;

CREATE TABLE runs (
    id               INTEGER PRIMARY KEY AUTOINCREMENT,
    project          INTEGER NOT NULL REFERENCES projects (id),
    task             TEXT NOT NULL,
    criteria         TEXT NOT NULL CHECK (json_valid(criteria)),
    owner            TEXT NOT NULL CHECK (json_valid(owner)),
    origin           TEXT NOT NULL CHECK (json_valid(origin)),
    agent            TEXT NOT NULL,
    state            TEXT NOT NULL CHECK (state IN ('queued', 'preparing', 'planning', 'developing', 'testing',
                         'gathering', 'analysing', 'gating', 'reviewing', 'awaiting_review', 'delivering',
                         'awaiting_redirect', 'escalated', 'paused', 'cancelling', 'succeeded', 'cancelled', 'failed')),
    resume_to        TEXT,
    iteration        INTEGER NOT NULL CHECK (iteration >= 0),
    attempt          INTEGER NOT NULL CHECK (attempt >= 0),
    losses           INTEGER NOT NULL CHECK (losses >= 0),
    troubles         INTEGER NOT NULL CHECK (troubles >= 0),
    instant_failures INTEGER NOT NULL CHECK (instant_failures >= 0),
    not_before       INTEGER,
    base             TEXT,
    head             TEXT,
    image            TEXT CHECK (image IS NULL OR json_valid(image)),
    budget_iterations INTEGER NOT NULL CHECK (budget_iterations >= 0),
    budget_seconds   INTEGER CHECK (budget_seconds >= 0),
    budget_tokens    INTEGER CHECK (budget_tokens >= 0),
    budget_microusd  INTEGER CHECK (budget_microusd >= 0),
    spent_iterations INTEGER NOT NULL CHECK (spent_iterations >= 0),
    spent_milliseconds INTEGER NOT NULL CHECK (spent_milliseconds >= 0),
    spent_tokens     INTEGER NOT NULL CHECK (spent_tokens >= 0),
    spent_microusd   INTEGER NOT NULL CHECK (spent_microusd >= 0),
    question         INTEGER REFERENCES questions (id),
    reason           TEXT NOT NULL,
    version          INTEGER NOT NULL,
    created          INTEGER NOT NULL,
    updated          INTEGER NOT NULL
) STRICT;
CREATE INDEX runs_by_state ON runs (state, id);
CREATE INDEX runs_by_project ON runs (project, id);

CREATE TABLE iterations (
    run        INTEGER NOT NULL REFERENCES runs (id),
    number     INTEGER NOT NULL CHECK (number >= 0),
    base       TEXT NOT NULL,
    commit_id  TEXT,
    tree       TEXT,
    ending     TEXT,
    report     TEXT CHECK (report IS NULL OR json_valid(report)),
    outcome    TEXT CHECK (outcome IN ('red', 'green', 'suspicious', 'neutral')),
    passed     INTEGER NOT NULL CHECK (passed >= 0),
    failed     INTEGER NOT NULL CHECK (failed >= 0),
    skipped    INTEGER NOT NULL CHECK (skipped >= 0),
    suspicions TEXT NOT NULL CHECK (json_valid(suspicions)),
    started    INTEGER NOT NULL,
    ended      INTEGER,
    PRIMARY KEY (run, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE steps (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    run        INTEGER NOT NULL REFERENCES runs (id),
    iteration  INTEGER NOT NULL CHECK (iteration >= 0),
    kind       TEXT NOT NULL,
    suite      TEXT NOT NULL,
    attempt    INTEGER NOT NULL CHECK (attempt >= 0),
    state      TEXT NOT NULL CHECK (state IN ('intended', 'created', 'ended')),
    container  TEXT,
    step_end   TEXT CHECK (step_end IS NULL OR json_valid(step_end)),
    log_digest TEXT,
    intrusions INTEGER CHECK (intrusions >= 0),
    started    INTEGER NOT NULL,
    ended      INTEGER,
    UNIQUE (run, iteration, kind, suite, attempt),
    CHECK (state <> 'created' OR container IS NOT NULL),
    CHECK ((state = 'ended') = (step_end IS NOT NULL AND log_digest IS NOT NULL AND intrusions IS NOT NULL))
) STRICT;
CREATE INDEX steps_created ON steps (id) WHERE state = 'created';
CREATE INDEX steps_by_container ON steps (container) WHERE container IS NOT NULL;

CREATE TABLE suites (
    run       INTEGER NOT NULL REFERENCES runs (id),
    iteration INTEGER NOT NULL CHECK (iteration >= 0),
    suite     TEXT NOT NULL,
    verdict   TEXT NOT NULL CHECK (verdict IN ('passed', 'failed', 'uncounted', 'no_verdict')),
    exit_code INTEGER,
    passed    INTEGER NOT NULL CHECK (passed >= 0),
    failed    INTEGER NOT NULL CHECK (failed >= 0),
    skipped   INTEGER NOT NULL CHECK (skipped >= 0),
    cases     TEXT NOT NULL CHECK (json_valid(cases)),
    oddities  TEXT NOT NULL CHECK (json_valid(oddities)),
    PRIMARY KEY (run, iteration, suite)
) STRICT;

CREATE TABLE bugs (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    exact      TEXT NOT NULL UNIQUE,
    class      TEXT NOT NULL,
    source     TEXT NOT NULL,
    kind       TEXT NOT NULL,
    message    TEXT NOT NULL,
    stack      TEXT NOT NULL CHECK (json_valid(stack)),
    state      TEXT NOT NULL CHECK (state IN ('open', 'solved')),
    seen       INTEGER NOT NULL CHECK (seen > 0),
    first_run  INTEGER NOT NULL REFERENCES runs (id),
    first_seen INTEGER NOT NULL,
    last_run   INTEGER NOT NULL REFERENCES runs (id),
    last_seen  INTEGER NOT NULL
) STRICT;
CREATE INDEX bugs_by_class ON bugs (class, id);
CREATE INDEX bugs_by_state ON bugs (state, last_seen);

-- What was tried against a bug, and what came of it.
CREATE TABLE bug_attempts (
    id        INTEGER PRIMARY KEY AUTOINCREMENT,
    bug       INTEGER NOT NULL REFERENCES bugs (id),
    run       INTEGER NOT NULL REFERENCES runs (id),
    iteration INTEGER NOT NULL CHECK (iteration >= 0),
    tried     TEXT NOT NULL,
    outcome   TEXT NOT NULL CHECK (outcome IN ('unknown', 'failed', 'solved')),
    at        INTEGER NOT NULL
) STRICT;
CREATE INDEX bug_attempts_by_bug ON bug_attempts (bug, id);

-- Which checkpoint made a bug go away.
CREATE TABLE bug_solutions (
    id        INTEGER PRIMARY KEY AUTOINCREMENT,
    bug       INTEGER NOT NULL REFERENCES bugs (id),
    run       INTEGER NOT NULL REFERENCES runs (id),
    iteration INTEGER NOT NULL CHECK (iteration >= 0),
    commit_id TEXT NOT NULL,
    summary   TEXT NOT NULL,
    at        INTEGER NOT NULL
) STRICT;
CREATE INDEX bug_solutions_by_bug ON bug_solutions (bug, id);

CREATE TABLE findings (
    id        INTEGER PRIMARY KEY AUTOINCREMENT,
    run       INTEGER NOT NULL REFERENCES runs (id),
    iteration INTEGER NOT NULL CHECK (iteration >= 0),
    bug       INTEGER REFERENCES bugs (id),
    source    TEXT NOT NULL,
    kind      TEXT NOT NULL,
    severity  TEXT NOT NULL CHECK (severity IN ('warning', 'error')),
    message   TEXT NOT NULL,
    test      TEXT,
    location  TEXT CHECK (location IS NULL OR json_valid(location)),
    stack     TEXT NOT NULL CHECK (json_valid(stack)),
    exact     TEXT NOT NULL,
    class     TEXT NOT NULL,
    count     INTEGER NOT NULL CHECK (count >= 0)
) STRICT;
CREATE INDEX findings_by_iteration ON findings (run, iteration, id);
CREATE INDEX findings_by_exact ON findings (exact);

-- Everything that people are asked. Kinds are open-ended: later parts add kinds, not tables.
CREATE TABLE questions (
    id        INTEGER PRIMARY KEY AUTOINCREMENT,
    run       INTEGER NOT NULL REFERENCES runs (id),
    iteration INTEGER NOT NULL CHECK (iteration >= 0),
    kind      TEXT NOT NULL CHECK (length(kind) BETWEEN 1 AND 64),
    title     TEXT NOT NULL,
    facts     TEXT NOT NULL CHECK (json_valid(facts)),
    payload   TEXT NOT NULL CHECK (json_valid(payload)),
    digest    TEXT,
    deadline  INTEGER,
    state     TEXT NOT NULL CHECK (state IN ('open', 'answered', 'withdrawn')),
    asked     INTEGER NOT NULL
) STRICT;
CREATE INDEX questions_by_state ON questions (state, id);
CREATE INDEX questions_by_run ON questions (run, id);

-- One row a person's answer; the last one is the one that settled the question.
CREATE TABLE answers (
    id       INTEGER PRIMARY KEY AUTOINCREMENT,
    question INTEGER NOT NULL REFERENCES questions (id),
    approve  INTEGER NOT NULL CHECK (approve IN (0, 1)),
    reason   TEXT NOT NULL,
    by       TEXT NOT NULL CHECK (json_valid(by)),
    digest   TEXT,
    at       INTEGER NOT NULL
) STRICT;
CREATE INDEX answers_by_question ON answers (question, id);

CREATE TABLE guidance (
    run        INTEGER NOT NULL REFERENCES runs (id),
    number     INTEGER NOT NULL CHECK (number > 0),
    by         TEXT NOT NULL CHECK (json_valid(by)),
    text       TEXT NOT NULL,
    at         INTEGER NOT NULL,
    state      TEXT NOT NULL CHECK (state IN ('accepted', 'applied')),
    applied_in INTEGER CHECK (applied_in >= 0),
    PRIMARY KEY (run, number)
) STRICT;

CREATE TABLE gate_results (
    run       INTEGER NOT NULL REFERENCES runs (id),
    iteration INTEGER NOT NULL CHECK (iteration >= 0),
    gate      TEXT NOT NULL,
    verdict   TEXT NOT NULL CHECK (verdict IN ('pass', 'fail', 'needs_person', 'unavailable')),
    evidence  TEXT NOT NULL CHECK (json_valid(evidence)),
    PRIMARY KEY (run, iteration, gate)
) STRICT;

CREATE TABLE usage (
    id        INTEGER PRIMARY KEY AUTOINCREMENT,
    run       INTEGER NOT NULL REFERENCES runs (id),
    iteration INTEGER NOT NULL CHECK (iteration >= 0),
    kind      TEXT NOT NULL CHECK (length(kind) BETWEEN 1 AND 64),
    tokens    INTEGER NOT NULL CHECK (tokens >= 0),
    microusd  INTEGER NOT NULL CHECK (microusd >= 0),
    at        INTEGER NOT NULL
) STRICT;
CREATE INDEX usage_by_run ON usage (run, iteration);

-- Content lies in files named by their SHA-256; one row for each, and one for each place it came from.
CREATE TABLE blobs (
    sha256  TEXT PRIMARY KEY NOT NULL CHECK (length(sha256) = 64),
    size    INTEGER NOT NULL CHECK (size >= 0),
    created INTEGER NOT NULL
) STRICT;

CREATE TABLE blob_origins (
    id     INTEGER PRIMARY KEY AUTOINCREMENT,
    sha256 TEXT NOT NULL REFERENCES blobs (sha256),
    kind   TEXT NOT NULL CHECK (length(kind) BETWEEN 1 AND 64),
    run    INTEGER REFERENCES runs (id),
    step   INTEGER REFERENCES steps (id),
    at     INTEGER NOT NULL
) STRICT;
CREATE INDEX blob_origins_by_sha256 ON blob_origins (sha256, id);
CREATE INDEX blob_origins_by_run ON blob_origins (run, id) WHERE run IS NOT NULL;
