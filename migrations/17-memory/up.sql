-- Repairs of other bugs that were quoted to an agent, or would have been, and whether they helped: the memory's own record.
CREATE TABLE offers (
    run       INTEGER NOT NULL REFERENCES runs (id),
    iteration INTEGER NOT NULL CHECK (iteration > 0),
    bug       INTEGER NOT NULL REFERENCES bugs (id),
    solution  INTEGER NOT NULL REFERENCES bug_solutions (id),
    quoted    INTEGER NOT NULL CHECK (quoted IN (0, 1)),
    likeness  TEXT NOT NULL CHECK (likeness IN ('same', 'class', 'words')),
    outcome   TEXT NOT NULL CHECK (outcome IN ('open', 'helped', 'failed', 'ignored')),
    at        INTEGER NOT NULL,
    PRIMARY KEY (run, iteration, bug, solution)
) STRICT, WITHOUT ROWID;
CREATE INDEX offers_by_likeness ON offers (likeness, at) WHERE outcome IN ('helped', 'failed');
CREATE INDEX offers_by_solution ON offers (solution, outcome);

-- Bugs that something is known to repair, by their words. A search meets these alone, however many bugs there are.
CREATE VIRTUAL TABLE repaired_words USING fts5 (kind, message, tokenize = "unicode61 tokenchars '_'");
CREATE VIRTUAL TABLE repaired_counts USING fts5vocab ('repaired_words', 'row');
CREATE TRIGGER repaired_words_added AFTER INSERT ON bug_solutions
WHEN NOT EXISTS (SELECT 1 FROM bug_solutions s WHERE s.bug = new.bug AND s.id <> new.id) BEGIN
    INSERT INTO repaired_words (rowid, kind, message) SELECT id, kind, message FROM bugs WHERE id = new.bug;
END;
INSERT INTO repaired_words (rowid, kind, message)
SELECT id, kind, message FROM bugs WHERE id IN (SELECT bug FROM bug_solutions);
