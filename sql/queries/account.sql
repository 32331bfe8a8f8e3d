-- Accounts, tokens, sessions, and answers to repeated writes.

-- name: account_upsert
INSERT INTO work_account (name, role, created_at) VALUES ($1, $2, $3)
ON CONFLICT (name) DO UPDATE SET role = excluded.role, disabled_at = NULL;

-- name: account_add
INSERT INTO work_account (name, role, created_at) VALUES ($1, $2, $3) ON CONFLICT (name) DO NOTHING;

-- name: account_disable
UPDATE work_account SET disabled_at = $2 WHERE name = $1;

-- name: account_list
SELECT a.name, a.role, a.created_at, a.disabled_at,
  (SELECT count(*) FROM work_token t WHERE t.account = a.name AND t.revoked_at IS NULL)
FROM work_account a ORDER BY a.name;

-- name: token_insert
INSERT INTO work_token (hash, account, role, scope, created_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6) RETURNING id;

-- name: token_revoke
UPDATE work_token SET revoked_at = $2 WHERE id = $1 AND revoked_at IS NULL;

-- name: token_list
SELECT id, account, role, scope, created_at, expires_at, revoked_at FROM work_token ORDER BY id;

-- name: token_identify
SELECT t.id, t.account, a.role, t.role, t.scope FROM work_token t JOIN work_account a ON a.name = t.account
WHERE t.hash = $1 AND t.revoked_at IS NULL AND a.disabled_at IS NULL AND (t.expires_at IS NULL OR t.expires_at > $2);

-- name: session_insert
INSERT INTO work_session (hash, token, created_at, expires_at) VALUES ($1, $2, $3, $4);

-- name: session_sweep
DELETE FROM work_session WHERE expires_at <= $1;

-- name: session_delete
DELETE FROM work_session WHERE hash = $1;

-- name: session_identify
SELECT t.id, t.account, a.role, t.role, t.scope FROM work_session s JOIN work_token t ON t.id = s.token JOIN work_account a ON a.name = t.account
WHERE s.hash = $1 AND s.expires_at > $2 AND t.revoked_at IS NULL AND a.disabled_at IS NULL AND (t.expires_at IS NULL OR t.expires_at > $2);

-- name: idempotency_find
SELECT request, status, answer FROM work_idempotency WHERE actor = $1 AND key = $2;

-- name: idempotency_insert
INSERT INTO work_idempotency (actor, key, request, created_at) VALUES ($1, $2, $3, $4);

-- name: idempotency_answer
UPDATE work_idempotency SET status = $3, answer = $4 WHERE actor = $1 AND key = $2;

-- name: idempotency_forget
DELETE FROM work_idempotency WHERE actor = $1 AND key = $2;

-- name: idempotency_sweep
DELETE FROM work_idempotency WHERE created_at < $1;

-- name: census_runs
SELECT state, count(*) FROM work_run GROUP BY state ORDER BY state;

-- name: census_projects
SELECT count(*) FROM work_project;
