-- 0010: RFC 3161 tokens over the signatures of facts, beside the log: a bundle shows the first.
CREATE TABLE work_timestamp (
    leaf        TEXT    PRIMARY KEY,                             -- leaf hash, "sha256:…"
    response    BLOB    NOT NULL                                 -- DER of a TimeStampResp
) STRICT, WITHOUT ROWID;
