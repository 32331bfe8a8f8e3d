-- The target of a backup: a new file that is synced as a whole before it gets its name.
PRAGMA synchronous = OFF;
PRAGMA journal_mode = OFF;
