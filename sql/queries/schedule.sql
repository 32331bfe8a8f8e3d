-- What comes again.

-- name: schedule_upsert
INSERT INTO work_schedule (project, position, cron, reason, branch, inputs, next_at) VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT (project, position) DO UPDATE SET
  next_at = CASE WHEN work_schedule.cron = excluded.cron THEN work_schedule.next_at ELSE excluded.next_at END,
  cron = excluded.cron, reason = excluded.reason, branch = excluded.branch, inputs = excluded.inputs;

-- name: schedule_trim
DELETE FROM work_schedule WHERE project = $1 AND position >= $2;

-- name: schedule_default_branch
SELECT default_branch FROM work_project WHERE name = $1;

-- name: schedule_due
SELECT s.project, s.position, s.cron, s.reason, s.branch, s.inputs, p.default_branch, coalesce(r.state, '')
FROM work_schedule s JOIN work_project p ON p.name = s.project LEFT JOIN work_run r ON r.id = s.last_run
WHERE s.next_at <= $1 ORDER BY s.next_at, s.project, s.position LIMIT $2;

-- name: schedule_one
SELECT s.project, s.position, s.cron, s.reason, s.branch, s.inputs, p.default_branch, ''
FROM work_schedule s JOIN work_project p ON p.name = s.project WHERE s.project = $1 AND s.position = $2;

-- name: schedule_advance
UPDATE work_schedule SET next_at = $3, last_at = $4, last_run = coalesce($5, last_run) WHERE project = $1 AND position = $2;

-- name: schedule_next
SELECT next_at FROM work_schedule ORDER BY next_at LIMIT 1;

-- name: schedule_list
SELECT s.project, s.position, s.cron, s.reason, s.branch, s.inputs, s.next_at, s.last_at, r.number, r.state
FROM work_schedule s LEFT JOIN work_run r ON r.id = s.last_run
WHERE $1 = '' OR s.project = $1 ORDER BY s.project, s.position;
