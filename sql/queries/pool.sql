-- Pools of machines, and who leases which.

-- name: pool_upsert
INSERT INTO work_pool (name, executor, settings, labels) VALUES ($1, $2, $3, $4)
ON CONFLICT (name) DO UPDATE SET executor = excluded.executor, settings = excluded.settings, labels = excluded.labels;

-- name: pool_of_executor
SELECT name, settings, labels FROM work_pool WHERE executor = $1 ORDER BY name;

-- name: pool_delete
DELETE FROM work_pool WHERE name = $1;

-- name: slot_insert
INSERT INTO work_slot (pool, name) VALUES ($1, $2) ON CONFLICT DO NOTHING;

-- name: slot_delete_others
DELETE FROM work_slot WHERE pool = $1 AND NOT EXISTS (SELECT 1 FROM work_lease l WHERE l.pool = work_slot.pool AND l.slot = work_slot.name);

-- name: slot_free
SELECT s.name, l.run IS NOT NULL FROM work_slot s LEFT JOIN work_lease l ON l.pool = s.pool AND l.slot = s.name
  LEFT JOIN work_run r ON r.id = l.run
WHERE s.pool = $1 AND (l.run IS NULL OR r.state NOT IN ('preparing','running'))
ORDER BY l.run IS NOT NULL, s.name LIMIT 1;

-- name: lease_take
INSERT INTO work_lease (pool, slot, run, position, leased_at) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (pool, slot) DO UPDATE SET run = excluded.run, position = excluded.position, leased_at = excluded.leased_at;

-- name: lease_end
DELETE FROM work_lease WHERE pool = $1 AND slot = $2 AND run = $3;

-- name: lease_stale
SELECT l.pool, l.slot, l.run, p.executor, p.settings FROM work_lease l JOIN work_run r ON r.id = l.run
  JOIN work_pool p ON p.name = l.pool
WHERE r.state NOT IN ('preparing','running') ORDER BY l.pool, l.slot;

-- name: pool_slots
SELECT p.name, p.executor, p.labels, s.name, r.project, r.number, r.state, l.position, l.leased_at
FROM work_pool p LEFT JOIN work_slot s ON s.pool = p.name LEFT JOIN work_lease l ON l.pool = s.pool AND l.slot = s.name
  LEFT JOIN work_run r ON r.id = l.run
ORDER BY p.name, s.name;
