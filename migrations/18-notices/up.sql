-- Which question was told by which way. What is still to be told is the question itself, as long as it is open: so it can be neither
-- lost nor told of something that was never asked.

CREATE TABLE notices (
    question INTEGER NOT NULL REFERENCES questions (id),
    way      TEXT NOT NULL CHECK (length(way) > 0),
    told     INTEGER NOT NULL CHECK (told > 0),
    at       INTEGER NOT NULL,
    PRIMARY KEY (question, way)
) STRICT;
