-- 0014: runs that follow releases and artifacts of others, and previews of proposals.

-- What the file on each project's default branch wants to hear of.
CREATE TABLE work_follow (
    project     TEXT    PRIMARY KEY REFERENCES work_project(name),
    ref         TEXT    NOT NULL,                                -- of the default branch, full
    releases    INTEGER NOT NULL,                                -- PipelineReleases bits; 0: nothing
    projects    TEXT    NOT NULL,                                -- globs, a newline between; empty: its own
    inputs      TEXT    NOT NULL                                 -- names of its inputs among 'release' and 'artifact', a space between
) STRICT;

-- Which facts were followed: once each.
CREATE TABLE work_followed (
    statement   TEXT    NOT NULL,                                -- S
    project     TEXT    NOT NULL,                                -- who followed
    PRIMARY KEY (statement, project)
) STRICT, WITHOUT ROWID;

-- Repositories of others that are asked for new artifacts. Where they are is the server's configuration.
CREATE TABLE work_watch (
    project     TEXT    NOT NULL REFERENCES work_project(name),
    name        TEXT    NOT NULL CHECK (length(name) BETWEEN 1 AND 64),
    kind        TEXT    NOT NULL CHECK (kind IN ('apt','oci')),
    url         TEXT    NOT NULL CHECK (length(url) <= 4096),    -- apt: the archive; oci: https://HOST/NAME
    suite       TEXT    NOT NULL,                                -- apt
    component   TEXT    NOT NULL,                                -- apt
    arch        TEXT    NOT NULL,                                -- apt
    artifacts   TEXT    NOT NULL,                                -- globs over packages or tags, a newline between; empty: all
    poll_s      INTEGER NOT NULL CHECK (poll_s BETWEEN 60 AND 604800),
    seen        TEXT,                                            -- JSON {name: version}; NULL: nobody has looked yet
    PRIMARY KEY (project, name)
) STRICT, WITHOUT ROWID;

-- What passed proposals left to try out: files below previews/, never facts.
CREATE TABLE work_preview (
    project     TEXT    NOT NULL REFERENCES work_project(name),
    ref         TEXT    NOT NULL,                                -- refs/pull/7/head: its channel
    run         INTEGER NOT NULL REFERENCES work_run(id),
    folder      TEXT    NOT NULL,                                -- below previews/
    expires_at  INTEGER NOT NULL,
    PRIMARY KEY (project, ref)
) STRICT, WITHOUT ROWID;
