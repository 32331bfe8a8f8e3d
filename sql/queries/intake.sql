-- Deliveries of forges, and what was decided about them.

-- name: delivery_known
SELECT id, body, action, reason, run, delivery FROM work_delivery WHERE project = $1 AND delivery = $2;

-- name: delivery_of_body
SELECT id, body, action, reason, run, delivery FROM work_delivery WHERE project = $1 AND body = $2 ORDER BY id LIMIT 1;

-- name: delivery_insert
INSERT INTO work_delivery (project, delivery, body, event, action, reason, run, peer, received_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) RETURNING id;

-- name: delivery_page
SELECT d.id, d.project, d.delivery, d.event, d.action, d.reason, r.number, d.peer, d.received_at
FROM work_delivery d LEFT JOIN work_run r ON r.id = d.run WHERE d.id < $1 ORDER BY d.id DESC LIMIT $2;

-- name: delivery_page_project
SELECT d.id, d.project, d.delivery, d.event, d.action, d.reason, r.number, d.peer, d.received_at
FROM work_delivery d LEFT JOIN work_run r ON r.id = d.run WHERE d.project = $3 AND d.id < $1 ORDER BY d.id DESC LIMIT $2;

-- name: delivery_by_id
SELECT d.id, d.project, d.delivery, d.event, d.action, d.reason, r.number, d.peer, d.received_at
FROM work_delivery d LEFT JOIN work_run r ON r.id = d.run WHERE d.id = $1;

-- name: delivery_prune
DELETE FROM work_delivery WHERE received_at < $1;

-- name: run_number
SELECT number FROM work_run WHERE id = $1;

-- name: run_queued_of_ref
SELECT id FROM work_run WHERE project = $1 AND ref = $2 AND state = 'queued' ORDER BY id;
