-- Whether another agent looks at a run's result before it is delivered, and what was said of the results so far.

ALTER TABLE runs ADD COLUMN audit INTEGER NOT NULL DEFAULT 0 CHECK (audit IN (0, 1));

ALTER TABLE iterations ADD COLUMN audit TEXT CHECK (audit IS NULL OR json_valid(audit));
