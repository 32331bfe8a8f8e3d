-- 0007: job secrets and what is kept of logs: where steps begin, what jobs reported, what comes again.

-- A value for jobs. The bytes are sealed with a key outside the database (keys/secrets.key).
CREATE TABLE work_secret (
    project     TEXT    NOT NULL CHECK (length(project) BETWEEN 1 AND 64), -- '*': every project
    name        TEXT    NOT NULL CHECK (length(name) BETWEEN 1 AND 64),
    value       BLOB    NOT NULL,                                -- sealed
    previous    BLOB,                                            -- sealed; still hidden in logs
    jobs        TEXT    NOT NULL,                                -- globs, a newline between; empty: all
    refs        TEXT    NOT NULL,                                -- globs over "refs/heads/x" or "x"; empty: all
    triggers    TEXT    NOT NULL,                                -- "push", a newline between; empty: all but proposals
    changed_by  TEXT    NOT NULL,
    created_at  INTEGER NOT NULL,
    changed_at  INTEGER NOT NULL,                                -- of the value
    PRIMARY KEY (project, name)
) STRICT, WITHOUT ROWID;

-- Who was given which secret: names only. No reference to the run: it stays when runs are removed.
CREATE TABLE work_secret_use (
    id          INTEGER PRIMARY KEY,
    project     TEXT    NOT NULL,                                -- of the secret
    name        TEXT    NOT NULL,
    run         INTEGER NOT NULL,
    job         TEXT    NOT NULL,
    used_at     INTEGER NOT NULL
) STRICT;
CREATE INDEX work_secret_use_name ON work_secret_use(project, name, id);

-- Where the lines of a step begin in its job's log.
CREATE TABLE work_log_step (
    run         INTEGER NOT NULL,
    position    INTEGER NOT NULL,
    attempt     INTEGER NOT NULL,
    step        INTEGER NOT NULL,                                -- from 1, as in the log
    start       INTEGER NOT NULL,                                -- bytes
    PRIMARY KEY (run, position, attempt, step)
) STRICT, WITHOUT ROWID;

-- What a job left for people: its summary in Markdown, its test results as one JSON document.
CREATE TABLE work_report (
    run         INTEGER NOT NULL,
    position    INTEGER NOT NULL,
    attempt     INTEGER NOT NULL,
    kind        TEXT    NOT NULL CHECK (kind IN ('summary','tests')),
    digest      TEXT    NOT NULL,
    PRIMARY KEY (run, position, attempt, kind)
) STRICT, WITHOUT ROWID;

-- The schedules of each project's file, as last seen on its default branch.
CREATE TABLE work_schedule (
    project     TEXT    NOT NULL REFERENCES work_project(name),
    position    INTEGER NOT NULL,                                -- in the file, from 0
    cron        TEXT    NOT NULL,
    reason      TEXT    NOT NULL,
    branch      TEXT    NOT NULL,                                -- empty: the project's default
    inputs      TEXT    NOT NULL,                                -- JSON object; empty: none
    next_at     INTEGER NOT NULL,
    last_at     INTEGER,
    last_run    INTEGER,
    PRIMARY KEY (project, position)
) STRICT, WITHOUT ROWID;
CREATE INDEX work_schedule_next ON work_schedule(next_at);
