-- Drafts, targets and publications.

-- name: draft_upsert
INSERT INTO work_draft (object, run, required, targets, created_at, approvals, signatures) VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT (object) DO UPDATE SET run = excluded.run, required = excluded.required, targets = excluded.targets,
  approvals = excluded.approvals, signatures = excluded.signatures;

-- name: draft_by_object
SELECT object, run, notes, required, targets, created_at, approvals, signatures FROM work_draft WHERE object = $1;

-- name: draft_list
SELECT object, run, notes, required, targets, created_at FROM work_draft ORDER BY object;

-- name: draft_set_notes
UPDATE work_draft SET notes = $2 WHERE object = $1;

-- name: draft_asset_clear
DELETE FROM work_draft_asset WHERE object = $1;

-- name: draft_asset_insert
INSERT INTO work_draft_asset (object, name, digest, size_bytes) VALUES ($1, $2, $3, $4);

-- name: draft_asset_list
SELECT name, digest, size_bytes FROM work_draft_asset WHERE object = $1 ORDER BY name;

-- name: target_upsert
INSERT INTO work_target (project, name, type, location) VALUES ($1, $2, $3, $4)
ON CONFLICT (project, name) DO UPDATE SET type = excluded.type, location = excluded.location;

-- name: target_by_name
SELECT type, location FROM work_target WHERE project = $1 AND name = $2;

-- name: target_list
SELECT project, name, type, location FROM work_target ORDER BY project, name;

-- name: publication_upsert
INSERT INTO work_publication (intent, target, release, attempt, state, reason, location, updated_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
ON CONFLICT (intent, target) DO UPDATE SET state = excluded.state, attempt = excluded.attempt,
  reason = excluded.reason, location = excluded.location, updated_at = excluded.updated_at;

-- name: publication_list
SELECT intent, target, release, attempt, state, reason, location, updated_at FROM work_publication
WHERE intent = $1 ORDER BY target;

-- name: publication_open
SELECT intent, target, release, attempt, state, reason, location, updated_at FROM work_publication
WHERE state IN ('planned','staged','sending','unknown') ORDER BY intent, target;

-- name: command_insert
INSERT INTO work_command (command, statement, log_index) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING;

-- name: command_by_ulid
SELECT statement, log_index FROM work_command WHERE command = $1;

-- name: publication_plan
INSERT INTO work_publication (intent, target, release, attempt, state, updated_at)
VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING;

-- name: effects_through
SELECT through FROM work_effects WHERE log = $1;

-- name: effects_set_through
INSERT INTO work_effects (log, through) VALUES ($1, $2)
ON CONFLICT (log) DO UPDATE SET through = max(through, excluded.through);

-- name: intent_plan_insert
INSERT INTO work_intent_plan (intent, plan) VALUES ($1, $2) ON CONFLICT DO NOTHING;

-- name: intent_plan_by_intent
SELECT plan FROM work_intent_plan WHERE intent = $1;

-- name: intent_plan_list
SELECT plan FROM work_intent_plan ORDER BY intent;

-- name: status_take_number
INSERT INTO work_status (log, number) VALUES ($1, $2)
ON CONFLICT (log) DO UPDATE SET number = max(number + 1, excluded.number) RETURNING number;

-- name: effects_log_size
SELECT size FROM fact_log WHERE log = $1;

-- name: effects_intents
SELECT statement, object, predicate FROM fact_statement WHERE log = $1 AND idx >= $2 AND kind = 'publish-intent' ORDER BY idx;

-- name: keep_digests
SELECT digest FROM work_artifact UNION SELECT log FROM work_job WHERE log IS NOT NULL
UNION SELECT digest FROM work_draft_asset UNION SELECT notes FROM work_draft WHERE notes IS NOT NULL
UNION SELECT digest FROM fact_asset UNION SELECT statement FROM fact_statement UNION SELECT plan FROM work_intent_plan
UNION SELECT digest FROM work_report UNION SELECT digest FROM work_tuf_target;

-- name: named_blobs
SELECT digest FROM work_artifact UNION SELECT log FROM work_job WHERE log IS NOT NULL
UNION SELECT digest FROM fact_asset UNION SELECT plan FROM work_intent_plan
UNION SELECT notes FROM work_draft WHERE notes IS NOT NULL UNION SELECT digest FROM work_report UNION SELECT digest FROM work_tuf_target;
