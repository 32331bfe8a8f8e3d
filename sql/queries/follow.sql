-- Runs that follow releases of others.

-- name: follow_set
INSERT INTO work_follow (project, ref, releases, projects, inputs) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (project) DO UPDATE SET ref = excluded.ref, releases = excluded.releases, projects = excluded.projects, inputs = excluded.inputs;

-- name: follow_list
SELECT project, ref, releases, projects, inputs FROM work_follow WHERE releases <> 0 ORDER BY project;

-- name: follow_of
SELECT ref, inputs FROM work_follow WHERE project = $1;

-- name: followed_add
INSERT INTO work_followed (statement, project) VALUES ($1, $2) ON CONFLICT DO NOTHING;

-- name: follow_release_state
SELECT state, last FROM fact_release WHERE object = $1;

-- name: follow_statements
SELECT statement, object, kind FROM fact_statement WHERE log = $1 AND idx >= $2 AND kind IN ('publication','revocation') ORDER BY idx;
