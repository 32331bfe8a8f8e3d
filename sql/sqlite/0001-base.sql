-- 0001: which migrations this database has had, so that the next start knows what is missing.
PRAGMA application_id = 1397508432; -- "SLIP": for file(1)
CREATE TABLE work_migration (
    number     INTEGER PRIMARY KEY CHECK (number > 0), -- of NNNN-what.sql
    name       TEXT    NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    checksum   TEXT    NOT NULL CHECK (length(checksum) = 64), -- SHA-256 of the file: it is never edited
    applied_us INTEGER NOT NULL                                -- microseconds since 1970 UTC
) STRICT;
