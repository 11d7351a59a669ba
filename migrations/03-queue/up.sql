-- What decides when a run gets its turn.

ALTER TABLE runs ADD COLUMN priority TEXT NOT NULL DEFAULT 'normal' CHECK (priority IN ('low', 'normal', 'high'));
-- What it needs while it works: memory in MiB, thousandths of a processor.
ALTER TABLE runs ADD COLUMN needs_memory INTEGER NOT NULL DEFAULT 0 CHECK (needs_memory >= 0);
ALTER TABLE runs ADD COLUMN needs_processors INTEGER NOT NULL DEFAULT 0 CHECK (needs_processors >= 0);
-- The runs that it follows, and whether it still waits for each.
ALTER TABLE runs ADD COLUMN predecessors TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(predecessors));
-- Since when nothing but its turn keeps it from working, as far as people are concerned.
ALTER TABLE runs ADD COLUMN waits_since INTEGER NOT NULL DEFAULT 0;
UPDATE runs SET waits_since = updated;
