-- 0015: machines of pools are renewed: a lease that no run has, and when it happens next.
CREATE TABLE work_upkeep (
    pool        TEXT    NOT NULL,
    slot        TEXT    NOT NULL,
    began_at    INTEGER NOT NULL,
    PRIMARY KEY (pool, slot),
    FOREIGN KEY (pool, slot) REFERENCES work_slot(pool, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE work_refresh (
    pool        TEXT    PRIMARY KEY REFERENCES work_pool(name),
    schedule    TEXT    NOT NULL,                                -- the cron expression next_at comes from; empty: by hand only
    next_at     INTEGER,                                         -- NULL: never
    last_at     INTEGER,                                         -- NULL: never
    last_result TEXT    NOT NULL                                 -- JSON: [{slot, snapshot or error, output}]
) STRICT;
