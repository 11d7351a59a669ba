-- Directories of data that people registered, with the digest of what is in them. `quick` is a digest of what the file system says
-- of each file, so that what nobody touched is not read again. NULL in both until it was read once.
CREATE TABLE datasets (
    id      INTEGER PRIMARY KEY AUTOINCREMENT,
    name    TEXT NOT NULL CHECK (length(name) BETWEEN 1 AND 64),
    project INTEGER REFERENCES projects (id),
    text    TEXT NOT NULL,
    path    TEXT NOT NULL CHECK (length(path) > 0),
    state   TEXT NOT NULL CHECK (state IN ('reading', 'ready', 'changed', 'failed')),
    digest  TEXT,
    quick   TEXT,
    files   INTEGER NOT NULL CHECK (files >= 0),
    bytes   INTEGER NOT NULL CHECK (bytes >= 0),
    fault   TEXT,
    by      TEXT NOT NULL CHECK (json_valid(by)),
    added   INTEGER NOT NULL,
    looked  INTEGER,
    removed INTEGER,
    CHECK (state <> 'ready' OR (digest IS NOT NULL AND quick IS NOT NULL)),
    CHECK (state NOT IN ('changed', 'failed') OR fault IS NOT NULL)
) STRICT;
CREATE UNIQUE INDEX datasets_by_name ON datasets (name) WHERE removed IS NULL;
