-- Live systems. One that is removed stays as a row, so that what was done to it keeps its name; names are taken once among
-- those that are there.
CREATE TABLE assets (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    version     INTEGER NOT NULL CHECK (version > 0),
    name        TEXT NOT NULL CHECK (length(name) > 0),
    reach       TEXT NOT NULL CHECK (json_valid(reach)),
    labels      TEXT NOT NULL CHECK (json_valid(labels)),
    environment TEXT,
    critical    INTEGER NOT NULL CHECK (critical IN (0, 1)),
    note        TEXT NOT NULL,
    receipts    TEXT,
    by          TEXT NOT NULL CHECK (json_valid(by)),
    added       INTEGER NOT NULL,
    changed     INTEGER NOT NULL,
    removed     INTEGER
) STRICT;
CREATE UNIQUE INDEX assets_by_name ON assets (name) WHERE removed IS NULL;

-- What was known of live systems as free text is kept as assets that nothing reaches; such names may have been anything.
INSERT INTO assets (version, name, reach, labels, critical, note, by, added, changed)
    SELECT 1, 'entry-' || id, '{"by":"nowhere"}', '{}', 0, substr(name || ': ' || text, 1, 2000), by, at, at
    FROM entries WHERE kind = 'asset' ORDER BY id;
CREATE TABLE entries_without_assets (
    id       INTEGER PRIMARY KEY AUTOINCREMENT,
    kind     TEXT NOT NULL CHECK (kind IN ('feature', 'dataset')),
    project  INTEGER REFERENCES projects (id),
    name     TEXT NOT NULL CHECK (length(name) > 0),
    text     TEXT NOT NULL,
    criteria TEXT NOT NULL CHECK (json_valid(criteria)),
    by       TEXT NOT NULL CHECK (json_valid(by)),
    at       INTEGER NOT NULL
) STRICT;
INSERT INTO entries_without_assets SELECT * FROM entries WHERE kind <> 'asset' ORDER BY id;
DROP TABLE entries;
ALTER TABLE entries_without_assets RENAME TO entries;
CREATE UNIQUE INDEX entries_by_name ON entries (kind, ifnull(project, 0), name);
