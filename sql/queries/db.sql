-- Transactions, and the database's own bookkeeping.

-- name: db_begin_write
BEGIN IMMEDIATE;
-- postgres: there is one kind of transaction
BEGIN;

-- name: db_begin_read
BEGIN;
-- postgres: SQLite readers have a snapshot anyway
BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;

-- name: db_commit
COMMIT;

-- name: db_rollback
ROLLBACK;

-- name: db_savepoint
SAVEPOINT one_write;

-- name: db_savepoint_release
RELEASE SAVEPOINT one_write;

-- name: db_savepoint_rollback
ROLLBACK TO SAVEPOINT one_write;

-- name: db_migration_list
SELECT number, name, checksum FROM work_migration ORDER BY number;

-- name: db_migration_add
INSERT INTO work_migration (number, name, checksum, applied_us) VALUES ($1, $2, $3, $4);
