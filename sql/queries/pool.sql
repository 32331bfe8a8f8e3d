-- Pools of machines, and who leases which.

-- name: pool_upsert
INSERT INTO work_pool (name, executor, settings, labels) VALUES ($1, $2, $3, $4)
ON CONFLICT (name) DO UPDATE SET executor = excluded.executor, settings = excluded.settings, labels = excluded.labels;

-- name: pool_of_executor
SELECT name, settings, labels FROM work_pool WHERE executor = $1 ORDER BY name;

-- name: pool_by_name
SELECT executor, settings FROM work_pool WHERE name = $1;

-- name: slot_names
SELECT name FROM work_slot WHERE pool = $1 ORDER BY name;

-- name: upkeep_take
INSERT INTO work_upkeep (pool, slot, began_at) SELECT s.pool, s.name, $3 FROM work_slot s WHERE s.pool = $1 AND s.name = $2
  AND NOT EXISTS (SELECT 1 FROM work_upkeep u WHERE u.pool = s.pool AND u.slot = s.name)
  AND NOT EXISTS (SELECT 1 FROM work_lease l JOIN work_run r ON r.id = l.run WHERE l.pool = s.pool AND l.slot = s.name AND r.state IN ('preparing','running'));

-- name: upkeep_end
DELETE FROM work_upkeep WHERE pool = $1 AND slot = $2;

-- name: upkeep_list
SELECT u.pool, u.slot, p.executor, p.settings FROM work_upkeep u JOIN work_pool p ON p.name = u.pool ORDER BY u.pool, u.slot;

-- name: refresh_list
SELECT p.name, p.settings, f.schedule, f.next_at FROM work_pool p LEFT JOIN work_refresh f ON f.pool = p.name ORDER BY p.name;

-- name: refresh_plan
INSERT INTO work_refresh (pool, schedule, next_at, last_result) VALUES ($1, $2, $3, '[]')
ON CONFLICT (pool) DO UPDATE SET schedule = excluded.schedule, next_at = excluded.next_at;

-- name: refresh_done
INSERT INTO work_refresh (pool, schedule, last_at, last_result) VALUES ($1, '', $2, $3)
ON CONFLICT (pool) DO UPDATE SET last_at = excluded.last_at, last_result = excluded.last_result;

-- name: refresh_delete
DELETE FROM work_refresh WHERE pool = $1;

-- name: pool_delete
DELETE FROM work_pool WHERE name = $1;

-- name: slot_insert
INSERT INTO work_slot (pool, name) VALUES ($1, $2) ON CONFLICT DO NOTHING;

-- name: slot_delete_others
DELETE FROM work_slot WHERE pool = $1 AND NOT EXISTS (SELECT 1 FROM work_lease l WHERE l.pool = work_slot.pool AND l.slot = work_slot.name)
  AND NOT EXISTS (SELECT 1 FROM work_upkeep u WHERE u.pool = work_slot.pool AND u.slot = work_slot.name);

-- name: slot_free
SELECT s.name, l.run IS NOT NULL FROM work_slot s LEFT JOIN work_lease l ON l.pool = s.pool AND l.slot = s.name
  LEFT JOIN work_run r ON r.id = l.run
WHERE s.pool = $1 AND (l.run IS NULL OR r.state NOT IN ('preparing','running'))
  AND NOT EXISTS (SELECT 1 FROM work_upkeep u WHERE u.pool = s.pool AND u.slot = s.name)
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
SELECT p.name, p.executor, p.labels, s.name, r.project, r.number, r.state, l.position, l.leased_at,
  u.began_at, f.next_at, f.last_at, f.last_result
FROM work_pool p LEFT JOIN work_slot s ON s.pool = p.name LEFT JOIN work_lease l ON l.pool = s.pool AND l.slot = s.name
  LEFT JOIN work_run r ON r.id = l.run LEFT JOIN work_upkeep u ON u.pool = s.pool AND u.slot = s.name LEFT JOIN work_refresh f ON f.pool = p.name
ORDER BY p.name, s.name;
