-- name: tuf_role_list
SELECT role, version, document FROM work_tuf_role ORDER BY role, version;

-- name: tuf_role_add
INSERT INTO work_tuf_role (role, version, document) VALUES ($1, $2, $3);

-- name: tuf_target_clear
DELETE FROM work_tuf_target WHERE role = $1;

-- name: tuf_target_add
INSERT INTO work_tuf_target (role, path, digest) VALUES ($1, $2, $3);
