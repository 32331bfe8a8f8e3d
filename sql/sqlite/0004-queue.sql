-- 0004: runs that wait for their turn: whatever asks for a run is a row before anything is fetched, so commit, tree and
-- pipeline may be empty until it is prepared. The table is made anew: its CHECK could not grow otherwise.
PRAGMA defer_foreign_keys = ON;

CREATE TEMP TABLE old_run AS SELECT * FROM work_run;
DROP TABLE work_run;

CREATE TABLE work_run (
    id          INTEGER PRIMARY KEY,
    project     TEXT    NOT NULL REFERENCES work_project(name),
    number      INTEGER NOT NULL,                                -- per project, from 1
    event       TEXT    NOT NULL CHECK (event IN ('push','tag','proposal','manual','schedule','release','artifact')),
    ref         TEXT    NOT NULL CHECK (length(ref) <= 1024),
    commit_id   TEXT    NOT NULL,                                -- hex; empty: not known yet
    tree_id     TEXT    NOT NULL,                                -- hex; empty until prepared
    tag_object  TEXT,                                            -- hex; NULL unless an annotated tag
    pipeline    TEXT    NOT NULL,                                -- digest of slipway.yaml; empty until prepared
    release     TEXT,                                            -- object name of the release it builds
    state       TEXT    NOT NULL CHECK (state IN ('queued','preparing','running','passed','failed','error','cancelled')),
    reason      TEXT    NOT NULL DEFAULT '',                     -- why it ended so; for people
    commit_time INTEGER NOT NULL,
    created_at  INTEGER NOT NULL,
    started_at  INTEGER,
    ended_at    INTEGER,
    base_ref    TEXT    NOT NULL DEFAULT '' CHECK (length(base_ref) <= 1024), -- proposals: whose file rules
    actor       TEXT    NOT NULL DEFAULT '' CHECK (length(actor) <= 255),     -- who asked; empty: unknown
    why         TEXT    NOT NULL DEFAULT '' CHECK (length(why) <= 1024),      -- what asked: "push", "nightly"
    inputs      TEXT    NOT NULL DEFAULT '',                     -- JSON object of what was given by hand; empty: nothing
    priority    INTEGER NOT NULL DEFAULT 0 CHECK (priority BETWEEN -100 AND 100),
    held        INTEGER NOT NULL DEFAULT 0 CHECK (held IN (0, 1)), -- waits for a maintainer's click
    stop        TEXT,                                            -- somebody asked to cancel it, and why
    UNIQUE (project, number)
) STRICT;
INSERT INTO work_run (id, project, number, event, ref, commit_id, tree_id, tag_object, pipeline, release, state, reason,
                      commit_time, created_at, started_at, ended_at)
    SELECT id, project, number, event, ref, commit_id, tree_id, tag_object, pipeline, release, state, reason,
           commit_time, created_at, started_at, ended_at FROM old_run;
DROP TABLE old_run;

CREATE INDEX work_run_open ON work_run(state, project) WHERE state IN ('queued','preparing','running');
CREATE INDEX work_run_release ON work_run(release, id) WHERE release IS NOT NULL;
CREATE INDEX work_run_project ON work_run(project, id);
CREATE INDEX work_run_state ON work_run(state, id);
CREATE INDEX work_run_queued_ref ON work_run(project, ref) WHERE state = 'queued';
