-- Projects with their forge.

-- name: project_config
SELECT name, source, forge, repository, api_url, web_url, token_file, hook_file, context, default_branch, branches, tags, paths, proposals, ignore_skip_marks, poll_s, created_at, file_ignores_marks
FROM work_project WHERE name = $1;

-- name: project_config_list
SELECT name, source, forge, repository, api_url, web_url, token_file, hook_file, context, default_branch, branches, tags, paths, proposals, ignore_skip_marks, poll_s, created_at, file_ignores_marks
FROM work_project ORDER BY name;

-- name: project_add
INSERT INTO work_project (name, source, created_at) VALUES ($1, $2, $3);

-- name: project_configure
UPDATE work_project SET source = $2, forge = $3, repository = $4, api_url = $5, web_url = $6, token_file = $7, hook_file = $8, context = $9,
  default_branch = $10, branches = $11, tags = $12, paths = $13, proposals = $14, ignore_skip_marks = $15, poll_s = $16
WHERE name = $1;

-- name: project_set_file_ignores_marks
UPDATE work_project SET file_ignores_marks = $2 WHERE name = $1 AND file_ignores_marks <> $2;

-- name: project_set_hook_file
UPDATE work_project SET hook_file = $2 WHERE name = $1;

-- name: project_polled
SELECT name, source, poll_s FROM work_project WHERE poll_s > 0 ORDER BY name;

-- name: poll_refs
SELECT ref, commit_id FROM work_poll_ref WHERE project = $1 ORDER BY ref;

-- name: poll_ref_set
INSERT INTO work_poll_ref (project, ref, commit_id) VALUES ($1, $2, $3)
ON CONFLICT (project, ref) DO UPDATE SET commit_id = excluded.commit_id;

-- name: poll_ref_remove
DELETE FROM work_poll_ref WHERE project = $1 AND ref = $2;

-- name: channel_list
SELECT project, name, type, url, secret_file, account, sender, recipients, states, refs FROM work_channel ORDER BY project, name;

-- name: channel_of_project
SELECT project, name, type, url, secret_file, account, sender, recipients, states, refs FROM work_channel WHERE project = $1 ORDER BY name;

-- name: channel_by_name
SELECT project, name, type, url, secret_file, account, sender, recipients, states, refs FROM work_channel WHERE project = $1 AND name = $2;

-- name: channel_upsert
INSERT INTO work_channel (project, name, type, url, secret_file, account, sender, recipients, states, refs)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
ON CONFLICT (project, name) DO UPDATE SET type = excluded.type, url = excluded.url, secret_file = excluded.secret_file,
  account = excluded.account, sender = excluded.sender, recipients = excluded.recipients, states = excluded.states, refs = excluded.refs;

-- name: channel_remove
DELETE FROM work_channel WHERE project = $1 AND name = $2;

-- name: server_value
SELECT value FROM work_server WHERE name = $1;

-- name: server_set
INSERT INTO work_server (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value;
