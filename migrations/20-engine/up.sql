-- Which container engine a run's steps and an image are on; empty for the usual one.

ALTER TABLE runs ADD COLUMN engine TEXT NOT NULL DEFAULT '';
ALTER TABLE images ADD COLUMN engine TEXT NOT NULL DEFAULT '';
