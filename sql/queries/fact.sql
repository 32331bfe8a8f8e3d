-- The fold (src/service/apply.c): put, find and scan of every fact_* table.

-- name: fact_log_put
INSERT INTO fact_log (log, size, last_at, origin) VALUES ($1, $2, $3, $4)
ON CONFLICT (log) DO UPDATE SET size = excluded.size, last_at = excluded.last_at, origin = excluded.origin;

-- name: fact_log_find
SELECT size, last_at, origin FROM fact_log WHERE log = $1;

-- name: fact_entry_put
INSERT INTO fact_entry (log, idx, statement, kind, verdict, rule, text, key_id)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
ON CONFLICT (log, idx) DO UPDATE SET statement = excluded.statement, kind = excluded.kind, verdict = excluded.verdict, rule = excluded.rule, text = excluded.text, key_id = excluded.key_id;

-- name: fact_entry_find
SELECT idx, statement, kind, verdict, rule, text, key_id FROM fact_entry WHERE log = $1 AND idx = $2;

-- name: fact_statement_put
INSERT INTO fact_statement (log, statement, idx, kind, predicate_type, object, previous, command, at, actor, key_id, predicate)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
ON CONFLICT (log, statement) DO UPDATE SET idx = excluded.idx, kind = excluded.kind, predicate_type = excluded.predicate_type, object = excluded.object, previous = excluded.previous, command = excluded.command, at = excluded.at, actor = excluded.actor, key_id = excluded.key_id, predicate = excluded.predicate;

-- name: fact_statement_find
SELECT statement, idx, kind, predicate_type, object, previous, command, at, actor, key_id, predicate FROM fact_statement WHERE log = $1 AND statement = $2;

-- name: fact_head_put
INSERT INTO fact_head (log, object, statement, idx)
VALUES ($1, $2, $3, $4)
ON CONFLICT (log, object) DO UPDATE SET statement = excluded.statement, idx = excluded.idx;

-- name: fact_head_find
SELECT object, statement, idx FROM fact_head WHERE log = $1 AND object = $2;

-- name: fact_command_put
INSERT INTO fact_command (log, command, statement)
VALUES ($1, $2, $3)
ON CONFLICT (log, command) DO UPDATE SET statement = excluded.statement;

-- name: fact_command_find
SELECT command, statement FROM fact_command WHERE log = $1 AND command = $2;

-- name: fact_name_put
INSERT INTO fact_name (log, folded, object)
VALUES ($1, $2, $3)
ON CONFLICT (log, folded) DO UPDATE SET object = excluded.object;

-- name: fact_name_find
SELECT folded, object FROM fact_name WHERE log = $1 AND folded = $2;

-- name: fact_root_put
INSERT INTO fact_root (log, idx, statement)
VALUES ($1, $2, $3)
ON CONFLICT (log, idx) DO UPDATE SET statement = excluded.statement;

-- name: fact_root_find
SELECT idx, statement FROM fact_root WHERE log = $1 AND idx = $2;

-- name: fact_root_scan
SELECT idx, statement FROM fact_root WHERE log = $1 ORDER BY idx;

-- name: fact_roster_put
INSERT INTO fact_roster (log, object, idx, statement)
VALUES ($1, $2, $3, $4)
ON CONFLICT (log, object, idx) DO UPDATE SET statement = excluded.statement;

-- name: fact_roster_find
SELECT object, idx, statement FROM fact_roster WHERE log = $1 AND object = $2 AND idx = $3;

-- name: fact_roster_scan
SELECT object, idx, statement FROM fact_roster WHERE log = $1 AND object = $2 ORDER BY object, idx;

-- name: fact_roster_scan_all
SELECT object, idx, statement FROM fact_roster WHERE log = $1 ORDER BY object, idx;

-- name: fact_release_put
INSERT INTO fact_release (log, object, state, claim, commit_id, tag, seal, request, intent, last, changed_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
ON CONFLICT (log, object) DO UPDATE SET state = excluded.state, claim = excluded.claim, commit_id = excluded.commit_id, tag = excluded.tag, seal = excluded.seal, request = excluded.request, intent = excluded.intent, last = excluded.last, changed_at = excluded.changed_at;

-- name: fact_release_find
SELECT object, state, claim, commit_id, tag, seal, request, intent, last, changed_at FROM fact_release WHERE log = $1 AND object = $2;

-- name: fact_release_scan
SELECT object, state, claim, commit_id, tag, seal, request, intent, last, changed_at FROM fact_release WHERE log = $1 ORDER BY object;

-- name: fact_asset_put
INSERT INTO fact_asset (log, release, name, digest, size)
VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (log, release, name) DO UPDATE SET digest = excluded.digest, size = excluded.size;

-- name: fact_asset_find
SELECT release, name, digest, size FROM fact_asset WHERE log = $1 AND release = $2 AND name = $3;

-- name: fact_asset_scan
SELECT release, name, digest, size FROM fact_asset WHERE log = $1 AND release = $2 ORDER BY release, name;

-- name: fact_asset_scan_all
SELECT release, name, digest, size FROM fact_asset WHERE log = $1 ORDER BY release, name;

-- name: fact_subject_put
INSERT INTO fact_subject (log, digest, statement, predicate_type, idx)
VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (log, digest, statement) DO UPDATE SET predicate_type = excluded.predicate_type, idx = excluded.idx;

-- name: fact_subject_find
SELECT digest, statement, predicate_type, idx FROM fact_subject WHERE log = $1 AND digest = $2 AND statement = $3;

-- name: fact_subject_scan
SELECT digest, statement, predicate_type, idx FROM fact_subject WHERE log = $1 AND digest = $2 ORDER BY digest, statement;

-- name: fact_subject_scan_all
SELECT digest, statement, predicate_type, idx FROM fact_subject WHERE log = $1 ORDER BY digest, statement;

-- name: fact_approval_put
INSERT INTO fact_approval (log, request, statement, person, verb, expires_at, idx)
VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT (log, request, statement) DO UPDATE SET person = excluded.person, verb = excluded.verb, expires_at = excluded.expires_at, idx = excluded.idx;

-- name: fact_approval_find
SELECT request, statement, person, verb, expires_at, idx FROM fact_approval WHERE log = $1 AND request = $2 AND statement = $3;

-- name: fact_approval_scan
SELECT request, statement, person, verb, expires_at, idx FROM fact_approval WHERE log = $1 AND request = $2 ORDER BY request, statement;

-- name: fact_approval_scan_all
SELECT request, statement, person, verb, expires_at, idx FROM fact_approval WHERE log = $1 ORDER BY request, statement;

-- name: fact_publication_put
INSERT INTO fact_publication (log, intent, target, statement, outcome)
VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (log, intent, target) DO UPDATE SET statement = excluded.statement, outcome = excluded.outcome;

-- name: fact_publication_find
SELECT intent, target, statement, outcome FROM fact_publication WHERE log = $1 AND intent = $2 AND target = $3;

-- name: fact_publication_scan
SELECT intent, target, statement, outcome FROM fact_publication WHERE log = $1 AND intent = $2 ORDER BY intent, target;

-- name: fact_publication_scan_all
SELECT intent, target, statement, outcome FROM fact_publication WHERE log = $1 ORDER BY intent, target;

-- name: fact_revoked_put
INSERT INTO fact_revoked (log, idx, statement, object, key, effect, from_index)
VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT (log, idx) DO UPDATE SET statement = excluded.statement, object = excluded.object, key = excluded.key, effect = excluded.effect, from_index = excluded.from_index;

-- name: fact_revoked_find
SELECT idx, statement, object, key, effect, from_index FROM fact_revoked WHERE log = $1 AND idx = $2;

-- name: fact_revoked_scan
SELECT idx, statement, object, key, effect, from_index FROM fact_revoked WHERE log = $1 ORDER BY idx;

-- name: fact_void_put
INSERT INTO fact_void (log, idx, statement)
VALUES ($1, $2, $3)
ON CONFLICT (log, idx) DO UPDATE SET statement = excluded.statement;

-- name: fact_void_find
SELECT idx, statement FROM fact_void WHERE log = $1 AND idx = $2;

-- name: fact_void_scan
SELECT idx, statement FROM fact_void WHERE log = $1 ORDER BY idx;
