-- What became of guidance that was given to an agent while it worked.

ALTER TABLE guidance ADD COLUMN live TEXT CHECK (live IS NULL OR json_valid(live));
