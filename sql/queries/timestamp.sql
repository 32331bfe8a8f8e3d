-- Time stamps of signatures, by leaf hash.

-- name: timestamp_by_leaf
SELECT response FROM work_timestamp WHERE leaf = $1;

-- name: timestamp_insert
INSERT INTO work_timestamp (leaf, response) VALUES ($1, $2) ON CONFLICT DO NOTHING;
