-- What could not be asked at its interval.

-- name: trouble_find
SELECT error, since FROM work_trouble WHERE project = $1 AND name = $2;

-- name: trouble_set
INSERT INTO work_trouble (project, name, since, error) VALUES ($1, $2, $3, $4)
ON CONFLICT (project, name) DO UPDATE SET since = excluded.since, error = excluded.error;

-- name: trouble_clear
DELETE FROM work_trouble WHERE project = $1 AND name = $2;
