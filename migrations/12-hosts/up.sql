-- Hosts on no list that people were asked about; what they answered stands with the question.

CREATE TABLE egress_questions (
    question INTEGER PRIMARY KEY NOT NULL REFERENCES questions (id),
    run      INTEGER NOT NULL REFERENCES runs (id),
    host     TEXT NOT NULL CHECK (length(host) > 0),
    UNIQUE (run, host)
) STRICT;
