-- What became of a step's log after the step, and images that were made here: what retention has to know.

-- NULL while the log is open. `log_at` is when it came into this state.
ALTER TABLE steps ADD COLUMN log_state TEXT
    CHECK (log_state IS NULL OR log_state IN ('kept', 'damaged', 'missing', 'removing', 'removed'));
ALTER TABLE steps ADD COLUMN log_bytes INTEGER CHECK (log_bytes >= 0);
ALTER TABLE steps ADD COLUMN log_stored INTEGER CHECK (log_stored >= 0);
ALTER TABLE steps ADD COLUMN log_reason TEXT;
ALTER TABLE steps ADD COLUMN log_at INTEGER;
CREATE INDEX steps_to_close ON steps (id) WHERE state = 'ended' AND log_state IS NULL;
CREATE INDEX steps_with_log ON steps (run) WHERE log_state IN ('kept', 'damaged', 'removing');

-- Tags are made from what went into the image, so one tag always means the same work.
CREATE TABLE images (
    tag   TEXT PRIMARY KEY NOT NULL CHECK (length(tag) > 0),
    image TEXT CHECK (length(image) > 0),
    state TEXT NOT NULL CHECK (state IN ('intended', 'made', 'removing', 'removed')),
    used  INTEGER NOT NULL,
    CHECK (state <> 'made' OR image IS NOT NULL)
) STRICT;
