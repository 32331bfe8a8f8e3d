-- 0009: machines that runs lease. Whether one is free is said by its lease, never by its power.
CREATE TABLE work_pool (
    name        TEXT    PRIMARY KEY CHECK (length(name) BETWEEN 1 AND 64),
    executor    TEXT    NOT NULL CHECK (executor IN ('vm','command')),
    settings    TEXT    NOT NULL,                                -- JSON object for the driver
    labels      TEXT    NOT NULL                                 -- JSON object: what its machines are
) STRICT;

CREATE TABLE work_slot (
    pool        TEXT    NOT NULL REFERENCES work_pool(name),
    name        TEXT    NOT NULL CHECK (length(name) BETWEEN 1 AND 64),
    PRIMARY KEY (pool, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE work_lease (
    pool        TEXT    NOT NULL,
    slot        TEXT    NOT NULL,
    run         INTEGER NOT NULL REFERENCES work_run(id),
    position    INTEGER NOT NULL,
    leased_at   INTEGER NOT NULL,
    PRIMARY KEY (pool, slot),
    FOREIGN KEY (pool, slot) REFERENCES work_slot(pool, name)
) STRICT, WITHOUT ROWID;
