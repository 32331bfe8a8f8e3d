-- 0003: what is local to this engine and not in the log: projects, runs, jobs, drafts, deliveries.
-- All work_* tables are backed up; none is derived from the log.

-- A git repository we build from.
CREATE TABLE work_project (
    name        TEXT    PRIMARY KEY CHECK (length(name) BETWEEN 1 AND 64),
    source      TEXT    NOT NULL CHECK (length(source) <= 4096), -- where the mirror fetches from
    next_run    INTEGER NOT NULL DEFAULT 1,                      -- number of the next run
    created_at  INTEGER NOT NULL
) STRICT;

-- One execution of the pipeline at one commit.
CREATE TABLE work_run (
    id          INTEGER PRIMARY KEY,
    project     TEXT    NOT NULL REFERENCES work_project(name),
    number      INTEGER NOT NULL,                                -- per project, from 1
    event       TEXT    NOT NULL CHECK (event IN ('tag','push','manual')),
    ref         TEXT    NOT NULL CHECK (length(ref) <= 1024),
    commit_id   TEXT    NOT NULL,                                -- hex
    tree_id     TEXT    NOT NULL,                                -- hex
    tag_object  TEXT,                                            -- hex; NULL unless an annotated tag
    pipeline    TEXT    NOT NULL,                                -- digest of slipway.yaml
    release     TEXT,                                            -- object name of the release it builds
    state       TEXT    NOT NULL CHECK (state IN ('queued','preparing','running','passed','failed','error','cancelled')),
    reason      TEXT    NOT NULL DEFAULT '',                     -- why it ended so; for people
    commit_time INTEGER NOT NULL,
    created_at  INTEGER NOT NULL,
    started_at  INTEGER,
    ended_at    INTEGER,
    UNIQUE (project, number)
) STRICT;
CREATE INDEX work_run_open ON work_run(id) WHERE state IN ('queued','preparing','running');
CREATE INDEX work_run_release ON work_run(release, id) WHERE release IS NOT NULL;

-- A job of a run; every attempt has a row of its own.
CREATE TABLE work_job (
    run         INTEGER NOT NULL REFERENCES work_run(id),
    position    INTEGER NOT NULL,                                -- in the plan
    attempt     INTEGER NOT NULL,                                -- from 1
    name        TEXT    NOT NULL,
    executor    TEXT    NOT NULL,
    isolation   TEXT    NOT NULL DEFAULT '',
    state       TEXT    NOT NULL CHECK (state IN ('waiting','running','passed','failed','error','skipped','cancelled')),
    reason      TEXT    NOT NULL DEFAULT '',
    exit_code   INTEGER,
    failed_step INTEGER,
    log         TEXT,                                            -- digest of the finished log
    started_at  INTEGER,
    ended_at    INTEGER,
    PRIMARY KEY (run, position, attempt)
) STRICT, WITHOUT ROWID;

CREATE TABLE work_step (
    run         INTEGER NOT NULL,
    position    INTEGER NOT NULL,
    attempt     INTEGER NOT NULL,
    step        INTEGER NOT NULL,
    name        TEXT    NOT NULL,
    exit_code   INTEGER NOT NULL,
    wall_us     INTEGER NOT NULL,
    PRIMARY KEY (run, position, attempt, step)
) STRICT, WITHOUT ROWID;

-- What passed jobs declared as output: bytes are in the store by digest.
CREATE TABLE work_artifact (
    run         INTEGER NOT NULL REFERENCES work_run(id),
    position    INTEGER NOT NULL,
    path        TEXT    NOT NULL CHECK (length(path) <= 4096),
    digest      TEXT    NOT NULL,
    size_bytes  INTEGER NOT NULL,
    PRIMARY KEY (run, position, path)
) STRICT, WITHOUT ROWID;

CREATE TABLE work_output (
    run         INTEGER NOT NULL REFERENCES work_run(id),
    position    INTEGER NOT NULL,
    name        TEXT    NOT NULL,
    value       TEXT    NOT NULL CHECK (length(value) <= 65536),
    PRIMARY KEY (run, position, name)
) STRICT, WITHOUT ROWID;

-- Facts the engine logged about a run: provenance, test results.
CREATE TABLE work_run_fact (
    run         INTEGER NOT NULL REFERENCES work_run(id),
    statement   TEXT    NOT NULL,                                -- S
    PRIMARY KEY (run, statement)
) STRICT, WITHOUT ROWID;

-- A release before its seal: may still be edited; nothing of it is logged.
CREATE TABLE work_draft (
    object      TEXT    PRIMARY KEY,                             -- release:P/STREAM@VERSION
    run         INTEGER NOT NULL REFERENCES work_run(id),
    notes       TEXT,                                            -- digest of the notes blob
    required    TEXT    NOT NULL,                                -- predicate types every asset needs, a space between
    targets     TEXT    NOT NULL,                                -- targets of the stream, a space between
    created_at  INTEGER NOT NULL
) STRICT;

CREATE TABLE work_draft_asset (
    object      TEXT    NOT NULL REFERENCES work_draft(object),
    name        TEXT    NOT NULL CHECK (length(name) BETWEEN 1 AND 255),
    digest      TEXT    NOT NULL,
    size_bytes  INTEGER NOT NULL,
    PRIMARY KEY (object, name)
) STRICT, WITHOUT ROWID;

-- Where a project publishes to; the pipeline file only names targets, this says where they are.
CREATE TABLE work_target (
    project     TEXT    NOT NULL,
    name        TEXT    NOT NULL,
    type        TEXT    NOT NULL,
    location    TEXT    NOT NULL CHECK (length(location) <= 4096),
    PRIMARY KEY (project, name)
) STRICT, WITHOUT ROWID;

-- The journal of each publication to one target; keyed by the intent, so that a rebuild never repeats one.
CREATE TABLE work_publication (
    intent      TEXT    NOT NULL,                                -- S of the publish-intent
    target      TEXT    NOT NULL,
    release     TEXT    NOT NULL,
    attempt     TEXT    NOT NULL,                                -- ULID: names the staging place
    state       TEXT    NOT NULL CHECK (state IN ('planned','staged','sending','confirmed','failed','unknown','conflict')),
    reason      TEXT    NOT NULL DEFAULT '',
    location    TEXT,
    updated_at  INTEGER NOT NULL,
    PRIMARY KEY (intent, target)
) STRICT, WITHOUT ROWID;

-- Answers to commands by their ULID: asking again gets the first answer.
CREATE TABLE work_command (
    command     TEXT    PRIMARY KEY,
    statement   TEXT    NOT NULL,
    log_index   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- How far the effects of facts are planned, per log. A rebuild never lowers it.
CREATE TABLE work_effects (
    log         TEXT    PRIMARY KEY,
    through     INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- The exact files of an intended publication, so that going on after a crash sends the same bytes.
CREATE TABLE work_intent_plan (
    intent      TEXT    PRIMARY KEY,                             -- S of the publish-intent
    plan        TEXT    NOT NULL                                 -- digest of {items: [{path, digest, size}]}
) STRICT;

-- The number of the last status.json issued, per log; it only rises.
CREATE TABLE work_status (
    log         TEXT    PRIMARY KEY,
    number      INTEGER NOT NULL
) STRICT;
