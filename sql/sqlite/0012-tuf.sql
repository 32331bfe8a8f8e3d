-- 0012: what people signed of our TUF repository. The files clients fetch are made from these rows and can be lost.
CREATE TABLE work_tuf_role (
    role        TEXT    NOT NULL CHECK (length(role) BETWEEN 1 AND 64),
    version     INTEGER NOT NULL CHECK (version > 0),
    document    TEXT    NOT NULL CHECK (length(document) BETWEEN 2 AND 5000000), -- the file, byte for byte
    PRIMARY KEY (role, version)
) STRICT, WITHOUT ROWID;

-- What the newest version of each role names, so that its blobs are kept.
CREATE TABLE work_tuf_target (
    role        TEXT    NOT NULL,
    path        TEXT    NOT NULL CHECK (length(path) BETWEEN 1 AND 255),
    digest      TEXT    NOT NULL CHECK (length(digest) = 71),
    PRIMARY KEY (role, path)
) STRICT, WITHOUT ROWID;
