-- What else a redirect changed beside its words: who works on from which iteration, and how many more iterations there may be.
ALTER TABLE guidance ADD COLUMN terms TEXT;
