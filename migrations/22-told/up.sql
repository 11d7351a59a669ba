-- Bugs that people tell: no run saw them first, and nothing was counted of them yet. They belong to a project, since nothing but
-- the one who told them says where they are.
ALTER TABLE bugs ALTER COLUMN first_run DROP NOT NULL;
ALTER TABLE bugs ALTER COLUMN last_run DROP NOT NULL;
-- Made anew, since SQLite takes away no condition that has no name.
ALTER TABLE bugs ADD COLUMN counted INTEGER NOT NULL DEFAULT 0 CHECK (counted >= 0);
UPDATE bugs SET counted = seen;
ALTER TABLE bugs DROP COLUMN seen;
ALTER TABLE bugs RENAME COLUMN counted TO seen;
ALTER TABLE bugs ADD COLUMN told_by TEXT CHECK (told_by IS NULL OR json_valid(told_by));
ALTER TABLE bugs ADD COLUMN project INTEGER REFERENCES projects (id) CHECK ((project IS NULL) = (told_by IS NULL));

-- Bugs that a person says are one: what was merged leads to what it is a part of, which itself leads nowhere. Its row stays for
-- its fingerprint and its words.
ALTER TABLE bugs ADD COLUMN merged_into INTEGER REFERENCES bugs (id) CHECK (merged_into <> id);
CREATE INDEX bugs_merged ON bugs (merged_into) WHERE merged_into IS NOT NULL;

-- What repaired a bug is found by the words of all its parts.
DROP TRIGGER repaired_words_added;
CREATE TRIGGER repaired_words_added AFTER INSERT ON bug_solutions
WHEN NOT EXISTS (SELECT 1 FROM bug_solutions s WHERE s.bug = new.bug AND s.id <> new.id) BEGIN
    INSERT INTO repaired_words (rowid, kind, message)
    SELECT id, kind, message FROM bugs WHERE id = new.bug OR merged_into = new.bug;
END;

-- Questions for which several runs wait, since one trouble holds them all: `cause` is what that is known by, and the runs that could
-- be one of several stand beside it.
ALTER TABLE questions ADD COLUMN cause TEXT;
CREATE INDEX questions_by_cause ON questions (cause) WHERE cause IS NOT NULL;
CREATE TABLE question_runs (
    question INTEGER NOT NULL REFERENCES questions (id),
    run      INTEGER NOT NULL REFERENCES runs (id),
    PRIMARY KEY (question, run)
) STRICT, WITHOUT ROWID;
CREATE INDEX question_runs_by_run ON question_runs (run);

-- What a warning changed for one turn, once in a run: another agent, another model, a new conversation.
CREATE TABLE changed_turns (
    run       INTEGER NOT NULL REFERENCES runs (id),
    iteration INTEGER NOT NULL CHECK (iteration > 0),
    change    TEXT NOT NULL CHECK (json_valid(change)),
    PRIMARY KEY (run, iteration)
) STRICT, WITHOUT ROWID;
