-- 0002: the fold of every log (facts.md section 3): a cache, refilled by rebuild. No clock, rowid or
-- random value may enter these tables; src/fact/row.h has the same shapes. S = sha256: of a statement.

-- how far each log is folded
CREATE TABLE fact_log (
    log     TEXT    NOT NULL PRIMARY KEY, -- origin
    size    INTEGER NOT NULL CHECK (size > 0),
    last_at INTEGER NOT NULL,             -- of the newest transition
    origin  TEXT    NOT NULL              -- as entry 0 says; '' while there is no valid one
) STRICT;

-- every index of a log: the statement there and whether it counts
CREATE TABLE fact_entry (
    log       TEXT    NOT NULL,
    idx       INTEGER NOT NULL, -- position in the log
    statement TEXT    NOT NULL, -- S
    kind      TEXT    NOT NULL,
    verdict   TEXT    NOT NULL CHECK (verdict IN ('admitted','duplicate','void')),
    rule      TEXT    NOT NULL, -- the rule that was not met; 'none' otherwise
    text      TEXT, -- why it is void
    key_id    TEXT    NOT NULL, -- of the signing key
    PRIMARY KEY (log, idx)
) STRICT, WITHOUT ROWID;

-- every admitted statement, with what rules ask of it later
CREATE TABLE fact_statement (
    log            TEXT    NOT NULL,
    statement      TEXT    NOT NULL, -- S
    idx            INTEGER NOT NULL,
    kind           TEXT    NOT NULL,
    predicate_type TEXT    NOT NULL,
    object         TEXT, -- NULL for foreign evidence
    previous       TEXT,
    command        TEXT,
    at             INTEGER, -- microseconds since 1970 UTC
    actor          TEXT,
    key_id         TEXT    NOT NULL,
    predicate      TEXT, -- ours: whole; provenance: a summary; else NULL
    PRIMARY KEY (log, statement)
) STRICT;

-- the newest transition of each object
CREATE TABLE fact_head (
    log       TEXT    NOT NULL,
    object    TEXT    NOT NULL,
    statement TEXT    NOT NULL,
    idx       INTEGER NOT NULL,
    PRIMARY KEY (log, object)
) STRICT, WITHOUT ROWID;

-- commands answered, so that asking again gets the first answer
CREATE TABLE fact_command (
    log       TEXT    NOT NULL,
    command   TEXT    NOT NULL, -- ULID
    statement TEXT    NOT NULL,
    PRIMARY KEY (log, command)
) STRICT, WITHOUT ROWID;

-- names with case folded: those that differ only in case are one, none is reused
CREATE TABLE fact_name (
    log    TEXT    NOT NULL,
    folded TEXT    NOT NULL,
    object TEXT    NOT NULL,
    PRIMARY KEY (log, folded)
) STRICT, WITHOUT ROWID;

-- all roots; the newest is in force
CREATE TABLE fact_root (
    log       TEXT    NOT NULL,
    idx       INTEGER NOT NULL,
    statement TEXT    NOT NULL,
    PRIMARY KEY (log, idx)
) STRICT, WITHOUT ROWID;

-- all rosters; the newest of a project is in force
CREATE TABLE fact_roster (
    log       TEXT    NOT NULL,
    object    TEXT    NOT NULL,
    idx       INTEGER NOT NULL,
    statement TEXT    NOT NULL,
    PRIMARY KEY (log, object, idx)
) STRICT, WITHOUT ROWID;

-- the state of each release (src/fact/state.h)
CREATE TABLE fact_release (
    log        TEXT    NOT NULL,
    object     TEXT    NOT NULL,
    state      TEXT    NOT NULL CHECK (state IN ('draft','sealed','publishing','published','rejected','revoked')),
    claim      TEXT,
    commit_id  TEXT,
    tag        TEXT, -- object id of an annotated tag
    seal       TEXT, -- the manifest digest
    request    TEXT, -- the open or granted one
    intent     TEXT,
    last       TEXT    NOT NULL, -- the fact that brought it here
    changed_at INTEGER NOT NULL,
    PRIMARY KEY (log, object)
) STRICT, WITHOUT ROWID;

-- what is sealed into each release
CREATE TABLE fact_asset (
    log     TEXT    NOT NULL,
    release TEXT    NOT NULL,
    name    TEXT    NOT NULL,
    digest  TEXT    NOT NULL,
    size    INTEGER NOT NULL CHECK (size >= 0),
    PRIMARY KEY (log, release, name)
) STRICT, WITHOUT ROWID;

-- evidence by the digest it speaks of
CREATE TABLE fact_subject (
    log            TEXT    NOT NULL,
    digest         TEXT    NOT NULL,
    statement      TEXT    NOT NULL,
    predicate_type TEXT    NOT NULL,
    idx            INTEGER NOT NULL,
    PRIMARY KEY (log, digest, statement)
) STRICT, WITHOUT ROWID;

-- decisions by the request they answer; whether they count is asked at the transition
CREATE TABLE fact_approval (
    log        TEXT    NOT NULL,
    request    TEXT    NOT NULL,
    statement  TEXT    NOT NULL,
    person     TEXT    NOT NULL,
    verb       TEXT    NOT NULL,
    expires_at INTEGER NOT NULL,
    idx        INTEGER NOT NULL,
    PRIMARY KEY (log, request, statement)
) STRICT, WITHOUT ROWID;

-- the newest word of each target of an intent
CREATE TABLE fact_publication (
    log       TEXT    NOT NULL,
    intent    TEXT    NOT NULL,
    target    TEXT    NOT NULL,
    statement TEXT    NOT NULL,
    outcome   TEXT    NOT NULL CHECK (outcome IN ('confirmed','failed','unknown','conflict')),
    PRIMARY KEY (log, intent, target)
) STRICT, WITHOUT ROWID;

-- revocations and rejections, as status.json lists them
CREATE TABLE fact_revoked (
    log        TEXT    NOT NULL,
    idx        INTEGER NOT NULL,
    statement  TEXT    NOT NULL,
    object     TEXT,
    key        TEXT,
    effect     TEXT    NOT NULL CHECK (effect IN ('untrusted','withdrawn','deprecated','rejected')),
    from_index INTEGER,
    PRIMARY KEY (log, idx)
) STRICT, WITHOUT ROWID;

-- entries signed by a key of ours that count for nothing: alarms
CREATE TABLE fact_void (
    log       TEXT    NOT NULL,
    idx       INTEGER NOT NULL,
    statement TEXT    NOT NULL,
    PRIMARY KEY (log, idx)
) STRICT, WITHOUT ROWID;
