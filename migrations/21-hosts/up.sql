-- Hosts that people opened for every run of a project, until somebody closes them again; the audit log has what was closed.

CREATE TABLE project_hosts (
    project  INTEGER NOT NULL REFERENCES projects (id),
    host     TEXT NOT NULL CHECK (length(host) > 0),
    question INTEGER NOT NULL REFERENCES questions (id),
    PRIMARY KEY (project, host)
) STRICT, WITHOUT ROWID;

-- Whether the yes to it was for every run of the project: then it counts for its own run, too, only while the host stays open.
ALTER TABLE egress_questions ADD COLUMN all_runs INTEGER NOT NULL DEFAULT 0 CHECK (all_runs IN (0, 1));
