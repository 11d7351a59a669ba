-- What people and solved bugs teach about a project; prompts quote some of it. One that was removed stays as a row, so that its
-- bug does not teach it again.
CREATE TABLE lessons (
    id      INTEGER PRIMARY KEY AUTOINCREMENT,
    project INTEGER NOT NULL REFERENCES projects (id),
    text    TEXT NOT NULL CHECK (length(text) > 0),
    origin  TEXT NOT NULL CHECK (json_valid(origin)),
    bug     INTEGER REFERENCES bugs (id),
    edited  TEXT CHECK (edited IS NULL OR json_valid(edited)),
    added   INTEGER NOT NULL,
    changed INTEGER NOT NULL,
    removed INTEGER
) STRICT;
CREATE INDEX lessons_by_project ON lessons (project, id) WHERE removed IS NULL;
CREATE UNIQUE INDEX lessons_by_bug ON lessons (project, bug) WHERE bug IS NOT NULL;
