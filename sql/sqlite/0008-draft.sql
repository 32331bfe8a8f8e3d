-- 0008: what the pipeline file asks of approvals beyond the roster; it only tightens.
ALTER TABLE work_draft ADD COLUMN approvals INTEGER NOT NULL DEFAULT 0 CHECK (approvals BETWEEN 0 AND 100);
