-- 0013: logs of old runs are removed; the row says when.
ALTER TABLE work_job ADD COLUMN log_removed_at INTEGER;            -- NULL: it is there, or there never was one
