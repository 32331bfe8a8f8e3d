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
