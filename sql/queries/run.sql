-- Runs, their jobs, artifacts and outputs.

-- name: project_upsert
INSERT INTO work_project (name, source, created_at) VALUES ($1, $2, $3)
ON CONFLICT (name) DO UPDATE SET source = excluded.source;

-- name: project_by_name
SELECT name, source, next_run FROM work_project WHERE name = $1;

-- name: project_list
SELECT name, source, next_run FROM work_project ORDER BY name;

-- name: project_take_number
UPDATE work_project SET next_run = next_run + 1 WHERE name = $1 RETURNING next_run - 1;

-- name: run_insert
INSERT INTO work_run (project, number, event, ref, commit_id, tree_id, tag_object, pipeline, release, state, commit_time, created_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 'preparing', $10, $11) RETURNING id;

-- name: run_set_state
UPDATE work_run SET state = $2, reason = $3, started_at = coalesce(started_at, $4) WHERE id = $1
  AND state IN ('queued','preparing','running');

-- name: run_end
UPDATE work_run SET state = $2, reason = $3, ended_at = $4 WHERE id = $1
  AND state IN ('queued','preparing','running');

-- name: run_by_id
SELECT id, project, number, event, ref, commit_id, tree_id, tag_object, pipeline, release, state, reason, commit_time, created_at, started_at, ended_at, why, actor
FROM work_run WHERE id = $1;

-- name: run_by_number
SELECT id, project, number, event, ref, commit_id, tree_id, tag_object, pipeline, release, state, reason, commit_time, created_at, started_at, ended_at, why, actor
FROM work_run WHERE project = $1 AND number = $2;

-- name: run_page
SELECT id, project, number, event, ref, commit_id, tree_id, tag_object, pipeline, release, state, reason, commit_time, created_at, started_at, ended_at, why, actor
FROM work_run WHERE id < $1 ORDER BY id DESC LIMIT $2;

-- name: run_page_of
SELECT id, project, number, event, ref, commit_id, tree_id, tag_object, pipeline, release, state, reason, commit_time, created_at, started_at, ended_at, why, actor
FROM work_run WHERE project = $1 AND id < $2 AND ($3 = '' OR state = $3) ORDER BY id DESC LIMIT $4;

-- name: run_page_in
SELECT id, project, number, event, ref, commit_id, tree_id, tag_object, pipeline, release, state, reason, commit_time, created_at, started_at, ended_at, why, actor
FROM work_run WHERE state = $1 AND id < $2 ORDER BY id DESC LIMIT $3;

-- name: run_page_ref
SELECT id, project, number, event, ref, commit_id, tree_id, tag_object, pipeline, release, state, reason, commit_time, created_at, started_at, ended_at, why, actor
FROM work_run WHERE ref = $1 AND id < $2 AND ($3 = '' OR project = $3) AND ($4 = '' OR state = $4) ORDER BY id DESC LIMIT $5;

-- name: run_open
SELECT id FROM work_run WHERE state IN ('preparing','running') ORDER BY id;

-- name: job_insert
INSERT INTO work_job (run, position, attempt, name, executor, state, reason) VALUES ($1, $2, $3, $4, $5, $6, $7);

-- name: job_start
UPDATE work_job SET state = 'running', isolation = $4, started_at = $5 WHERE run = $1 AND position = $2 AND attempt = $3;

-- name: job_end
UPDATE work_job SET state = $4, reason = $5, exit_code = $6, failed_step = $7, log = $8, ended_at = $9
WHERE run = $1 AND position = $2 AND attempt = $3;

-- name: job_end_open
UPDATE work_job SET state = $2, reason = $3, ended_at = $4 WHERE run = $1 AND state IN ('waiting','running');

-- name: job_list
SELECT j.position, j.attempt, j.name, j.executor, j.isolation, j.state, j.reason, j.exit_code, j.failed_step, j.log, j.started_at, j.ended_at,
  (SELECT r.number FROM work_run r WHERE r.id = j.reused), j.log_removed_at
FROM work_job j WHERE j.run = $1 ORDER BY j.position, j.attempt;

-- name: job_reuse
INSERT INTO work_job (run, position, attempt, name, executor, isolation, state, exit_code, log, started_at, ended_at, reused)
SELECT $1, position, 1, name, executor, isolation, state, exit_code, log, started_at, ended_at, coalesce(reused, run)
FROM work_job WHERE run = $2 AND position = $3 AND attempt = $4 AND state = 'passed';

-- name: step_reuse
INSERT INTO work_step (run, position, attempt, step, name, exit_code, wall_us)
SELECT $1, position, 1, step, name, exit_code, wall_us FROM work_step WHERE run = $2 AND position = $3 AND attempt = $4;

-- name: log_step_reuse
INSERT INTO work_log_step (run, position, attempt, step, start)
SELECT $1, position, 1, step, start FROM work_log_step WHERE run = $2 AND position = $3 AND attempt = $4;

-- name: report_reuse
INSERT INTO work_report (run, position, attempt, kind, digest)
SELECT $1, position, 1, kind, digest FROM work_report WHERE run = $2 AND position = $3 AND attempt = $4;

-- name: artifact_reuse
INSERT INTO work_artifact (run, position, path, digest, size_bytes, executable)
SELECT $1, position, path, digest, size_bytes, executable FROM work_artifact WHERE run = $2 AND position = $3;

-- name: output_reuse
INSERT INTO work_output (run, position, name, value)
SELECT $1, position, name, value FROM work_output WHERE run = $2 AND position = $3;

-- name: job_passed
SELECT count(*) FROM work_job WHERE run = $1 AND state = 'passed';

-- name: step_insert
INSERT INTO work_step (run, position, attempt, step, name, exit_code, wall_us) VALUES ($1, $2, $3, $4, $5, $6, $7);

-- name: step_list
SELECT position, attempt, step, name, exit_code, wall_us FROM work_step WHERE run = $1 ORDER BY position, attempt, step;

-- name: artifact_insert
INSERT INTO work_artifact (run, position, path, digest, size_bytes, executable) VALUES ($1, $2, $3, $4, $5, $6);

-- name: artifact_list
SELECT position, path, digest, size_bytes, executable FROM work_artifact WHERE run = $1 ORDER BY position, path;

-- name: artifact_digest
SELECT digest FROM work_artifact WHERE run = $1 AND position = $2 AND path = $3;

-- name: output_insert
INSERT INTO work_output (run, position, name, value) VALUES ($1, $2, $3, $4);

-- name: output_list
SELECT position, name, value FROM work_output WHERE run = $1 ORDER BY position, name;

-- name: run_fact_insert
INSERT INTO work_run_fact (run, statement) VALUES ($1, $2) ON CONFLICT DO NOTHING;

-- name: run_fact_list
SELECT statement FROM work_run_fact WHERE run = $1 ORDER BY statement;
