-- Repositories of others that are asked for new artifacts.

-- name: watch_set
INSERT INTO work_watch (project, name, kind, url, suite, component, arch, artifacts, poll_s) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
ON CONFLICT (project, name) DO UPDATE SET kind = excluded.kind, url = excluded.url, suite = excluded.suite, component = excluded.component,
  arch = excluded.arch, artifacts = excluded.artifacts, poll_s = excluded.poll_s, seen = NULL;

-- name: watch_list
SELECT project, name, kind, url, suite, component, arch, artifacts, poll_s, seen FROM work_watch ORDER BY project, name;

-- name: watch_remove
DELETE FROM work_watch WHERE project = $1 AND name = $2;

-- name: watch_seen
-- Only where it is still what was asked about, and nobody else has looked since.
UPDATE work_watch SET seen = $3 WHERE project = $1 AND name = $2 AND coalesce(seen, '') = $4 AND url = $5 AND suite = $6
  AND component = $7 AND arch = $8 AND artifacts = $9;
