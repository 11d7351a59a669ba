-- What agents ask by their tools, what they note, and what is known for them to read.

-- Bugs by the words in them. The rows are those of `bugs`; only the index is kept here.
CREATE VIRTUAL TABLE bug_words USING fts5 (kind, message, stack, content = 'bugs', content_rowid = 'id',
    tokenize = "unicode61 tokenchars '_'");
INSERT INTO bug_words (bug_words) VALUES ('rebuild');
CREATE TRIGGER bug_words_added AFTER INSERT ON bugs BEGIN
    INSERT INTO bug_words (rowid, kind, message, stack) VALUES (new.id, new.kind, new.message, new.stack);
END;
CREATE TRIGGER bug_words_removed AFTER DELETE ON bugs BEGIN
    INSERT INTO bug_words (bug_words, rowid, kind, message, stack)
    VALUES ('delete', old.id, old.kind, old.message, old.stack);
END;
CREATE TRIGGER bug_words_changed AFTER UPDATE OF kind, message, stack ON bugs BEGIN
    INSERT INTO bug_words (bug_words, rowid, kind, message, stack)
    VALUES ('delete', old.id, old.kind, old.message, old.stack);
    INSERT INTO bug_words (rowid, kind, message, stack) VALUES (new.id, new.kind, new.message, new.stack);
END;

-- What agents say that they found or tried. It is their word: nothing follows from it.
CREATE TABLE notes (
    id        INTEGER PRIMARY KEY AUTOINCREMENT,
    run       INTEGER NOT NULL REFERENCES runs (id),
    iteration INTEGER NOT NULL CHECK (iteration >= 0),
    kind      TEXT NOT NULL CHECK (kind IN ('finding', 'attempt')),
    bug       INTEGER REFERENCES bugs (id),
    title     TEXT NOT NULL,
    text      TEXT NOT NULL,
    place     TEXT,
    at        INTEGER NOT NULL,
    CHECK (kind <> 'attempt' OR bug IS NOT NULL)
) STRICT;
CREATE INDEX notes_by_run ON notes (run, id);
CREATE INDEX notes_by_bug ON notes (bug, id) WHERE bug IS NOT NULL;

-- Every use of a tool. What was asked and answered is cut.
CREATE TABLE tool_calls (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    run          INTEGER NOT NULL REFERENCES runs (id),
    iteration    INTEGER NOT NULL CHECK (iteration >= 0),
    tool         TEXT NOT NULL,
    asked        TEXT NOT NULL,
    outcome      TEXT NOT NULL CHECK (outcome IN ('done', 'refused', 'failed')),
    answer       TEXT NOT NULL,
    bytes        INTEGER NOT NULL CHECK (bytes >= 0),
    milliseconds INTEGER NOT NULL CHECK (milliseconds >= 0),
    at           INTEGER NOT NULL
) STRICT;
CREATE INDEX tool_calls_by_run ON tool_calls (run, id);

-- What people registered for agents to read: features that are wanted, data sets, live systems. Without a project it is
-- for all of them.
CREATE TABLE entries (
    id       INTEGER PRIMARY KEY AUTOINCREMENT,
    kind     TEXT NOT NULL CHECK (kind IN ('feature', 'asset', 'dataset')),
    project  INTEGER REFERENCES projects (id),
    name     TEXT NOT NULL CHECK (length(name) > 0),
    text     TEXT NOT NULL,
    criteria TEXT NOT NULL CHECK (json_valid(criteria)),
    by       TEXT NOT NULL CHECK (json_valid(by)),
    at       INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX entries_by_name ON entries (kind, ifnull(project, 0), name);
