-- Where steps begin in logs, and what jobs reported.

-- name: log_step_insert
INSERT INTO work_log_step (run, position, attempt, step, start) VALUES ($1, $2, $3, $4, $5);

-- name: log_step_start
SELECT start FROM work_log_step WHERE run = $1 AND position = $2 AND attempt = $3 AND step = $4;

-- name: report_insert
INSERT INTO work_report (run, position, attempt, kind, digest) VALUES ($1, $2, $3, $4, $5);

-- name: report_list
SELECT r.position, r.attempt, j.name, r.digest FROM work_report r
JOIN work_job j ON j.run = r.run AND j.position = r.position AND j.attempt = r.attempt
WHERE r.run = $1 AND r.kind = $2 ORDER BY r.position, r.attempt;

-- name: log_old
SELECT j.run, j.log FROM work_job j JOIN work_run r ON r.id = j.run
WHERE j.log IS NOT NULL AND r.ended_at < $1 AND r.release IS NULL
  AND NOT EXISTS (SELECT 1 FROM work_draft d WHERE d.run = r.id)
  AND NOT EXISTS (SELECT 1 FROM work_run_fact f WHERE f.run = r.id)
ORDER BY j.run LIMIT $2;

-- name: log_drop
UPDATE work_job SET log = NULL, log_removed_at = $3 WHERE run = $1 AND log = $2;

-- name: log_shared
SELECT DISTINCT log FROM work_job WHERE reused IS NOT NULL AND log IS NOT NULL;

-- name: run_ended_at
SELECT coalesce(ended_at, 0) FROM work_run WHERE id = $1;
