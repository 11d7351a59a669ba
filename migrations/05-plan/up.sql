-- Whether a run writes a plan before it changes anything, and how far that has come.

ALTER TABLE runs ADD COLUMN plan TEXT NOT NULL DEFAULT 'none' CHECK (plan IN ('none', 'ask', 'automatic', 'settled'));
