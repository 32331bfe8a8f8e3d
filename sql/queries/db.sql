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

-- name: db_table_exists
SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = $1;
-- postgres: the catalogue has another name
SELECT count(*) FROM information_schema.tables WHERE table_schema = current_schema() AND table_name = $1;

-- name: db_table_list
SELECT name FROM sqlite_schema WHERE type = 'table' AND substr(name, 1, length($1)) = $1 ORDER BY name;
-- postgres: the catalogue has another name
SELECT table_name FROM information_schema.tables
WHERE table_schema = current_schema() AND substr(table_name, 1, length($1)) = $1 ORDER BY table_name;

-- name: db_column_list
SELECT name, pk FROM pragma_table_info($1) ORDER BY cid;
-- postgres: the catalogue has another shape
SELECT a.attname, coalesce(array_position(i.indkey::int[], a.attnum::int), 0) FROM pg_attribute a
LEFT JOIN pg_index i ON i.indrelid = a.attrelid AND i.indisprimary
WHERE a.attrelid = $1::regclass AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum;

-- name: db_defer_foreign_keys
PRAGMA defer_foreign_keys = ON;
-- postgres: foreign keys are declared deferrable there
SET CONSTRAINTS ALL DEFERRED;

-- name: db_check_integrity
SELECT integrity_check FROM pragma_integrity_check LIMIT 1;
-- postgres: the server keeps its own house
SELECT 'ok';

-- name: db_check_foreign_keys
SELECT "table", rowid, parent FROM pragma_foreign_key_check LIMIT 1;
-- postgres: the server never lets one break
SELECT '', 0, '' WHERE false;
