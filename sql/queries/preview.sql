-- What passed proposals left to try out.

-- name: preview_folder
SELECT folder FROM work_preview WHERE project = $1 AND ref = $2;

-- name: preview_set
INSERT INTO work_preview (project, ref, run, folder, expires_at) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (project, ref) DO UPDATE SET run = excluded.run, folder = excluded.folder, expires_at = excluded.expires_at
  WHERE excluded.run > work_preview.run;

-- name: preview_expire
DELETE FROM work_preview WHERE expires_at <= $1;

-- name: preview_list
SELECT p.project, p.ref, r.number, p.folder, p.expires_at FROM work_preview p JOIN work_run r ON r.id = p.run
WHERE r.state = 'passed' AND ($1 = '' OR p.project = $1) ORDER BY p.project, p.ref;

-- name: preview_expires
SELECT p.expires_at FROM work_preview p JOIN work_run r ON r.id = p.run
WHERE p.project = $1 AND p.folder = $2 AND r.state = 'passed';
