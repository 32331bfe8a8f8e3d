-- Tests and scratch databases: nothing waits for the disk.
PRAGMA synchronous = OFF;
