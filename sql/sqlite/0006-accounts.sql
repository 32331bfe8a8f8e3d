-- 0006: people and programs that may call the server.

-- Somebody with a role; what a token of theirs may do is never more.
CREATE TABLE work_account (
    name        TEXT    PRIMARY KEY CHECK (length(name) BETWEEN 1 AND 64),
    role        TEXT    NOT NULL CHECK (role IN ('reader','developer','code-owner','release-manager','admin')),
    created_at  INTEGER NOT NULL,
    disabled_at INTEGER                                          -- NULL: may call
) STRICT;

-- A secret that stands for an account. Only its SHA-256 is kept.
CREATE TABLE work_token (
    id          INTEGER PRIMARY KEY,
    hash        BLOB    NOT NULL UNIQUE CHECK (length(hash) = 32),
    account     TEXT    NOT NULL REFERENCES work_account(name),
    role        TEXT    NOT NULL CHECK (role IN ('reader','developer','code-owner','release-manager','admin')),
    scope       TEXT,                                            -- the one project it is for; NULL: all
    created_at  INTEGER NOT NULL,
    expires_at  INTEGER,                                         -- NULL: never
    revoked_at  INTEGER
) STRICT;
CREATE INDEX work_token_account ON work_token(account);

-- A browser that logged in with a token; ends with it.
CREATE TABLE work_session (
    hash        BLOB    PRIMARY KEY CHECK (length(hash) = 32),   -- of the cookie's secret
    token       INTEGER NOT NULL REFERENCES work_token(id),
    created_at  INTEGER NOT NULL,
    expires_at  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX work_session_expires ON work_session(expires_at);

-- What a write with an Idempotency-Key was answered: asking again gives the same answer and does nothing.
CREATE TABLE work_idempotency (
    actor       TEXT    NOT NULL CHECK (length(actor) <= 128),
    key         TEXT    NOT NULL CHECK (length(key) BETWEEN 1 AND 128),
    request     BLOB    NOT NULL CHECK (length(request) = 32),   -- SHA-256 of operation and arguments
    status      INTEGER,                                         -- NULL: not answered yet
    answer      TEXT,
    created_at  INTEGER NOT NULL,
    PRIMARY KEY (actor, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX work_idempotency_created ON work_idempotency(created_at);
