-- What is proposed for live assets, who voted, and what came of it. A person may be asked something without a run.
ALTER TABLE questions ALTER COLUMN run DROP NOT NULL;

-- `record` is what votes bind beside the command, whose exact bytes are the blob; `standing` is how far it has come, in full.
-- The other columns repeat parts of both for look-ups and for what must never be broken.
CREATE TABLE proposals (
    id        INTEGER PRIMARY KEY AUTOINCREMENT,
    question  INTEGER NOT NULL UNIQUE REFERENCES questions (id),
    run       INTEGER REFERENCES runs (id),
    agent     INTEGER NOT NULL CHECK (agent IN (0, 1)),
    asset     INTEGER NOT NULL,
    digest    TEXT NOT NULL UNIQUE CHECK (length(digest) = 64),
    same      TEXT NOT NULL CHECK (length(same) = 64),
    command   TEXT NOT NULL REFERENCES blobs (sha256),
    record    TEXT NOT NULL CHECK (json_valid(record)),
    state     TEXT NOT NULL CHECK (state IN ('pending', 'partial', 'approved', 'denied', 'expired', 'withdrawn', 'superseded',
                  'voided', 'claimed', 'dispatched', 'running', 'outcome_unknown', 'resolved_ran', 'resolved_not_run',
                  'resolved_accepted', 'succeeded', 'failed', 'timed_out', 'refused', 'not_run')),
    standing  TEXT NOT NULL CHECK (json_valid(standing)),
    execution TEXT UNIQUE CHECK (length(execution) = 64),
    version   INTEGER NOT NULL CHECK (version > 0),
    asked     INTEGER NOT NULL,
    told_in   INTEGER CHECK (told_in >= 0),
    CHECK ((execution IS NOT NULL) = (state IN ('claimed', 'dispatched', 'running', 'outcome_unknown', 'resolved_ran',
                  'resolved_not_run', 'resolved_accepted', 'succeeded', 'failed', 'timed_out', 'refused', 'not_run')))
) STRICT;
CREATE INDEX proposals_by_state ON proposals (state, id);
CREATE INDEX proposals_by_run ON proposals (run, id) WHERE run IS NOT NULL;
CREATE INDEX proposals_by_same ON proposals (same, id);

-- A grant that was used is used for ever, and what was approved stays what it was, whatever a job tries.
CREATE TRIGGER proposals_forward BEFORE UPDATE ON proposals
WHEN new.digest <> old.digest OR new.command <> old.command OR new.record <> old.record OR new.same <> old.same
     OR new.question <> old.question OR new.version <= old.version
     OR (old.execution IS NOT NULL AND new.execution IS NOT old.execution)
     OR (new.execution IS NOT NULL AND old.execution IS NULL AND old.state <> 'approved')
     OR (new.state = 'dispatched' AND old.state <> 'claimed')
BEGIN
    SELECT raise(ABORT, 'a proposal only moves forward');
END;
CREATE TRIGGER proposals_stay BEFORE DELETE ON proposals BEGIN
    SELECT raise(ABORT, 'a proposal is never removed');
END;

-- One row for each yes.
CREATE TABLE votes (
    proposal INTEGER NOT NULL REFERENCES proposals (id),
    number   INTEGER NOT NULL CHECK (number > 0),
    uid      INTEGER NOT NULL,
    login    INTEGER,
    digest   TEXT NOT NULL CHECK (length(digest) = 64),
    vote     TEXT NOT NULL CHECK (json_valid(vote)),
    PRIMARY KEY (proposal, number)
) STRICT, WITHOUT ROWID;
