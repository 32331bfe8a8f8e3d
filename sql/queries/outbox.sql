-- What the world is to be told.

-- name: outbox_insert
INSERT INTO work_outbox (effect, lane, project, run, channel, run_state, terminal, description, target_url, state, next_at, created_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 'waiting', $10, $10) ON CONFLICT (effect) DO NOTHING RETURNING id;

-- name: outbox_drop_older
UPDATE work_outbox SET state = 'dropped', ended_at = $3 WHERE lane = $1 AND id < $2 AND state = 'waiting' AND terminal = 0;

-- name: outbox_ready
SELECT o.id, o.lane, o.project, o.run, o.channel, o.run_state, o.description, o.target_url, o.attempts, o.created_at, o.effect
FROM work_outbox o
WHERE o.state = 'waiting' AND o.next_at <= $1
  AND o.id = (SELECT min(f.id) FROM work_outbox f WHERE f.lane = o.lane AND f.state = 'waiting')
ORDER BY o.next_at, o.id LIMIT $2;

-- name: outbox_next_at
SELECT min(next_at) FROM work_outbox WHERE state = 'waiting';

-- name: outbox_sent
UPDATE work_outbox SET state = 'sent', attempts = attempts + 1, last_error = '', ended_at = $2 WHERE id = $1;

-- name: outbox_again
UPDATE work_outbox SET attempts = attempts + 1, last_error = $2, next_at = $3 WHERE id = $1 AND state = 'waiting';

-- name: outbox_failed
UPDATE work_outbox SET state = 'failed', attempts = attempts + 1, last_error = $2, ended_at = $3 WHERE id = $1 AND state = 'waiting';

-- name: outbox_page
SELECT id, effect, lane, project, channel, run_state, state, attempts, last_error, next_at, created_at, ended_at
FROM work_outbox ORDER BY id DESC LIMIT $1;

-- name: outbox_page_project
SELECT id, effect, lane, project, channel, run_state, state, attempts, last_error, next_at, created_at, ended_at
FROM work_outbox WHERE project = $2 ORDER BY id DESC LIMIT $1;

-- name: outbox_revive
UPDATE work_outbox SET state = 'waiting', next_at = $2, created_at = $2, attempts = 0, ended_at = NULL WHERE id = $1 AND state IN ('failed','sent','dropped');

-- name: outbox_state
SELECT state FROM work_outbox WHERE id = $1;

-- name: outbox_count
SELECT count(*) FROM work_outbox WHERE state = $1;

-- name: outbox_oldest
SELECT min(created_at) FROM work_outbox WHERE state = 'waiting';

-- name: outbox_prune
DELETE FROM work_outbox WHERE state IN ('sent','dropped') AND ended_at < $1;

-- name: run_before
SELECT state FROM work_run WHERE project = $1 AND ref = $2 AND id < $3 AND state IN ('passed','failed','error') ORDER BY id DESC LIMIT 1;
