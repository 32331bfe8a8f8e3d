-- 0005: deliveries in, statuses and notices out.

-- The forge a project lives on. Secrets are references to files, never here.
ALTER TABLE work_project ADD COLUMN forge TEXT NOT NULL DEFAULT 'git' CHECK (forge IN ('git','github','gitea','gitlab'));
ALTER TABLE work_project ADD COLUMN repository TEXT NOT NULL DEFAULT '';      -- owner/name on the forge
ALTER TABLE work_project ADD COLUMN api_url TEXT NOT NULL DEFAULT '';         -- empty: the forge's own
ALTER TABLE work_project ADD COLUMN web_url TEXT NOT NULL DEFAULT '';
ALTER TABLE work_project ADD COLUMN token_file TEXT NOT NULL DEFAULT '';      -- read by the sender process only
ALTER TABLE work_project ADD COLUMN hook_file TEXT NOT NULL DEFAULT '';       -- webhook secrets, one a line, at most two
ALTER TABLE work_project ADD COLUMN context TEXT NOT NULL DEFAULT '';         -- of commit statuses; empty: slipway/NAME
ALTER TABLE work_project ADD COLUMN default_branch TEXT NOT NULL DEFAULT '';
ALTER TABLE work_project ADD COLUMN branches TEXT NOT NULL DEFAULT '';        -- filters: globs, a newline between
ALTER TABLE work_project ADD COLUMN tags TEXT NOT NULL DEFAULT '';
ALTER TABLE work_project ADD COLUMN paths TEXT NOT NULL DEFAULT '';
ALTER TABLE work_project ADD COLUMN proposals TEXT NOT NULL DEFAULT 'held' CHECK (proposals IN ('none','inside','held'));
ALTER TABLE work_project ADD COLUMN ignore_skip_marks INTEGER NOT NULL DEFAULT 0 CHECK (ignore_skip_marks IN (0, 1));
ALTER TABLE work_project ADD COLUMN poll_s INTEGER NOT NULL DEFAULT 0 CHECK (poll_s BETWEEN 0 AND 604800);

-- Every delivery that was believed, with what was decided about it; the same one again gets the same answer.
CREATE TABLE work_delivery (
    id          INTEGER PRIMARY KEY,
    project     TEXT    NOT NULL REFERENCES work_project(name),
    delivery    TEXT    NOT NULL CHECK (length(delivery) BETWEEN 1 AND 200), -- the forge's name for it, or one of ours
    body        TEXT    NOT NULL,                                -- digest of the raw body
    event       TEXT    NOT NULL,                                -- what it said: forge/event.h as JSON
    action      TEXT    NOT NULL CHECK (action IN ('queued','held','cancelled','ignored')),
    reason      TEXT    NOT NULL,
    run         INTEGER REFERENCES work_run(id),
    peer        TEXT    NOT NULL,
    received_at INTEGER NOT NULL,
    UNIQUE (project, delivery)
) STRICT;
CREATE INDEX work_delivery_body ON work_delivery(project, body);
CREATE INDEX work_delivery_age ON work_delivery(received_at);

-- What polling saw last.
CREATE TABLE work_poll_ref (
    project     TEXT    NOT NULL REFERENCES work_project(name),
    ref         TEXT    NOT NULL,
    commit_id   TEXT    NOT NULL,
    PRIMARY KEY (project, ref)
) STRICT, WITHOUT ROWID;

-- Where notices of a project go.
CREATE TABLE work_channel (
    project     TEXT    NOT NULL REFERENCES work_project(name),
    name        TEXT    NOT NULL CHECK (length(name) BETWEEN 1 AND 64),
    type        TEXT    NOT NULL CHECK (type IN ('webhook','slack','mail')),
    url         TEXT    NOT NULL CHECK (length(url) <= 4096),    -- mail: smtp://host:port
    secret_file TEXT    NOT NULL DEFAULT '',                     -- webhook: HMAC key; slack: the URL itself; mail: password
    account     TEXT    NOT NULL DEFAULT '',                     -- mail: user
    sender      TEXT    NOT NULL DEFAULT '',                     -- mail: from
    recipients  TEXT    NOT NULL DEFAULT '',                     -- mail: to, a newline between
    states      TEXT    NOT NULL,                                -- which states, a space between; 'fixed' too
    refs        TEXT    NOT NULL DEFAULT '',                     -- globs over full refs, a newline between; empty: all
    PRIMARY KEY (project, name)
) STRICT, WITHOUT ROWID;

-- What the world is to be told. At least once; rows of a lane one after the other.
CREATE TABLE work_outbox (
    id          INTEGER PRIMARY KEY,
    effect      TEXT    NOT NULL UNIQUE,                         -- run, state and context or channel: told once
    lane        TEXT    NOT NULL,                                -- commit and context, or channel
    project     TEXT    NOT NULL,
    run         INTEGER NOT NULL REFERENCES work_run(id),
    channel     TEXT    NOT NULL DEFAULT '',                     -- '': the commit status
    run_state   TEXT    NOT NULL,
    terminal    INTEGER NOT NULL CHECK (terminal IN (0, 1)),     -- the last word of the run: never dropped
    description TEXT    NOT NULL,
    target_url  TEXT    NOT NULL,
    state       TEXT    NOT NULL CHECK (state IN ('waiting','sent','dropped','failed')),
    attempts    INTEGER NOT NULL DEFAULT 0,
    last_error  TEXT    NOT NULL DEFAULT '',
    next_at     INTEGER NOT NULL,
    created_at  INTEGER NOT NULL,
    ended_at    INTEGER
) STRICT;
CREATE INDEX work_outbox_waiting ON work_outbox(lane, id) WHERE state = 'waiting';
CREATE INDEX work_outbox_run ON work_outbox(run);

-- What the server knows of itself: 'public_url'.
CREATE TABLE work_server (
    name        TEXT    PRIMARY KEY,
    value       TEXT    NOT NULL
) STRICT;
