-- Job secrets: sealed values, their rules, and who was given them.

-- name: secret_get
SELECT project, name, value, previous, jobs, refs, triggers, changed_by, created_at, changed_at FROM work_secret
WHERE project = $1 AND name = $2;

-- name: secret_list
SELECT project, name, previous IS NOT NULL, jobs, refs, triggers, changed_by, created_at, changed_at,
       (SELECT max(u.used_at) FROM work_secret_use u WHERE u.project = s.project AND u.name = s.name)
FROM work_secret s WHERE $1 = '' OR project = $1 OR project = '*' ORDER BY project, name;

-- name: secret_insert
INSERT INTO work_secret (project, name, value, jobs, refs, triggers, changed_by, created_at, changed_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8);

-- name: secret_rules
UPDATE work_secret SET jobs = $3, refs = $4, triggers = $5 WHERE project = $1 AND name = $2;

-- name: secret_value
UPDATE work_secret SET previous = value, value = $3, changed_by = $4, changed_at = $5 WHERE project = $1 AND name = $2;

-- name: secret_delete
DELETE FROM work_secret WHERE project = $1 AND name = $2;

-- name: secret_use_insert
INSERT INTO work_secret_use (project, name, run, job, used_at) VALUES ($1, $2, $3, $4, $5);

-- name: secret_use_list
SELECT run, job, used_at FROM work_secret_use WHERE project = $1 AND name = $2 ORDER BY id DESC LIMIT $3;
