-- The one connection that writes. FULL comes before WAL: creating the file is synced already.
PRAGMA synchronous = FULL;            -- a COMMIT that returned survives a loss of power
PRAGMA journal_mode = WAL;            -- readers never wait for the writer
PRAGMA foreign_keys = ON;
PRAGMA wal_autocheckpoint = 0;        -- the writer does it between two groups, after their callers were told
PRAGMA journal_size_limit = 16777216; -- bytes the write-ahead log is cut back to
PRAGMA trusted_schema = OFF;
PRAGMA cell_size_check = ON;
PRAGMA temp_store = MEMORY;
