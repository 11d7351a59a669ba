-- What runs asked of hosts outside: one row for requests of a run that went to the same place and were judged alike.

CREATE TABLE egress (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    run          INTEGER NOT NULL REFERENCES runs (id),
    -- As it was asked for; empty for all further ones, where there are more than are kept.
    host         TEXT NOT NULL,
    port         INTEGER NOT NULL CHECK (port BETWEEN 0 AND 65535),
    allowed      INTEGER NOT NULL CHECK (allowed IN (0, 1)),
    rule         TEXT NOT NULL CHECK (length(rule) > 0),
    requests     INTEGER NOT NULL CHECK (requests >= 0),
    up           INTEGER NOT NULL CHECK (up >= 0),
    down         INTEGER NOT NULL CHECK (down >= 0),
    milliseconds INTEGER NOT NULL CHECK (milliseconds >= 0),
    first        INTEGER NOT NULL,
    last         INTEGER NOT NULL,
    UNIQUE (run, host, port, allowed, rule)
) STRICT;
CREATE INDEX egress_refused ON egress (last) WHERE allowed = 0;
