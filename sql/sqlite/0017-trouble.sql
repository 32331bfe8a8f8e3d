-- 0017: what could not be asked, when it is asked at an interval: repositories that are polled, and watches.
CREATE TABLE work_trouble (
    project     TEXT    NOT NULL REFERENCES work_project(name),
    name        TEXT    NOT NULL,                                -- of the watch; empty: the project's own repository
    since       INTEGER NOT NULL,                                -- of this error; microseconds since 1970 UTC
    error       TEXT    NOT NULL,                                -- for people
    PRIMARY KEY (project, name)
) STRICT, WITHOUT ROWID;
