-- How live systems were when the engine looked. Of each the newest are kept.
CREATE TABLE sightings (
    id    INTEGER PRIMARY KEY AUTOINCREMENT,
    asset INTEGER NOT NULL REFERENCES assets (id),
    at    INTEGER NOT NULL,
    state TEXT NOT NULL CHECK (json_valid(state))
) STRICT;
CREATE INDEX sightings_by_asset ON sightings (asset, id);
