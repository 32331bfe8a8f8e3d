-- Runs that wait, and who comes next.

-- name: queue_insert
INSERT INTO work_run (project, number, event, ref, commit_id, tree_id, pipeline, state, commit_time, created_at,
                      base_ref, actor, why, inputs, priority, held, before_id, by_hand, reuse)
VALUES ($1, $2, $3, $4, $5, '', '', 'queued', 0, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15) RETURNING id;

-- name: queue_list
SELECT id, project, number, event, ref, commit_id, created_at, priority, held, why, actor FROM work_run
WHERE state = 'queued' ORDER BY id LIMIT $1;

-- name: queue_active
SELECT project, count(*) FROM work_run WHERE state IN ('preparing','running') GROUP BY project ORDER BY project;

-- name: queue_same_ref
SELECT id FROM work_run WHERE project = $1 AND ref = $2 AND state = 'queued' AND id < $3 ORDER BY id;

-- name: queue_oldest_before
SELECT before_id FROM work_run WHERE project = $1 AND ref = $2 AND state = 'queued' AND id < $3 ORDER BY id LIMIT 1;

-- name: queue_set_before
UPDATE work_run SET before_id = $2 WHERE id = $1;

-- name: queue_open_of
SELECT id, state FROM work_run WHERE project = $1 AND ($2 = '' OR ref = $2) AND ($3 = '' OR commit_id = $3)
  AND state IN ('queued','preparing','running') ORDER BY id;

-- name: queue_overdue
SELECT id FROM work_run WHERE state = 'queued' AND held = 0 AND created_at < $1 ORDER BY id;

-- name: queue_stopped
SELECT id, stop FROM work_run WHERE stop IS NOT NULL AND state IN ('preparing','running') ORDER BY id;

-- name: queue_stop_reason
SELECT stop FROM work_run WHERE id = $1 AND stop IS NOT NULL;

-- name: queue_stop
UPDATE work_run SET stop = $2 WHERE id = $1 AND stop IS NULL AND state IN ('preparing','running');

-- name: queue_take
UPDATE work_run SET state = 'preparing', started_at = coalesce(started_at, $2) WHERE id = $1 AND state = 'queued';

-- name: queue_allow
UPDATE work_run SET held = 0, created_at = $3 WHERE id = $1 AND held = 1 AND state = 'queued' AND commit_id = $2;

-- name: queue_request
SELECT project, event, ref, commit_id, base_ref, inputs, why, actor, priority, held, before_id, by_hand, reuse FROM work_run WHERE id = $1;

-- name: queue_prepared
UPDATE work_run SET commit_id = $2, tree_id = $3, tag_object = $4, pipeline = $5, release = $6, commit_time = $7
WHERE id = $1 AND state = 'preparing';
