-- What the agent of a run is there for.

ALTER TABLE runs ADD COLUMN role TEXT NOT NULL DEFAULT 'coder'
    CHECK (role IN ('coder', 'reviewer', 'tester', 'pentester', 'researcher', 'remedy'));
