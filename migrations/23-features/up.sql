-- What people want of a project, and what agents say of each criterion. How far a feature is follows from the runs that were
-- started from it, which name it in `origin`.
CREATE TABLE features (
    id       INTEGER PRIMARY KEY AUTOINCREMENT,
    project  INTEGER NOT NULL REFERENCES projects (id),
    title    TEXT NOT NULL CHECK (length(title) > 0),
    text     TEXT NOT NULL,
    criteria TEXT NOT NULL CHECK (json_valid(criteria)),
    notes    TEXT NOT NULL,
    by       TEXT NOT NULL CHECK (json_valid(by)),
    added    INTEGER NOT NULL,
    changed  INTEGER NOT NULL,
    version  INTEGER NOT NULL CHECK (version > 0),
    closed   TEXT CHECK (closed IS NULL OR json_valid(closed))
) STRICT;
CREATE INDEX features_by_project ON features (project, id);
CREATE INDEX runs_by_feature ON runs (origin ->> 'feature', id);

-- What the agent of a run says of one of the run's criteria, with the words that it had then. It is the agent's word: nothing
-- follows from it.
CREATE TABLE criterion_reports (
    id        INTEGER PRIMARY KEY AUTOINCREMENT,
    run       INTEGER NOT NULL REFERENCES runs (id),
    iteration INTEGER NOT NULL CHECK (iteration >= 0),
    number    INTEGER NOT NULL CHECK (number > 0),
    criterion TEXT NOT NULL,
    verdict   TEXT NOT NULL CHECK (verdict IN ('met', 'unmet', 'unclear')),
    words     TEXT NOT NULL,
    at        INTEGER NOT NULL
) STRICT;
CREATE INDEX criterion_reports_by_run ON criterion_reports (run, id);

-- What was registered as a feature before becomes one; what was there for all projects becomes one of each. Where there is no
-- project yet there is none that it could be of, so it stays where it is.
INSERT INTO features (project, title, text, criteria, notes, by, added, changed, version)
SELECT p.id, e.name, e.text, e.criteria, '', e.by, e.at, e.at, 1
FROM entries e JOIN projects p ON e.project = p.id OR e.project IS NULL
WHERE e.kind = 'feature' ORDER BY e.id, p.id;
DELETE FROM entries WHERE kind = 'feature' AND EXISTS (SELECT 1 FROM projects);
