-- 0011: what a run is compared with, and what it takes over from an earlier one.

ALTER TABLE work_run ADD COLUMN before_id TEXT NOT NULL DEFAULT '';         -- hex; what the ref was before; empty: not known
ALTER TABLE work_run ADD COLUMN by_hand INTEGER NOT NULL DEFAULT 0 CHECK (by_hand IN (0, 1)); -- filters do not count
ALTER TABLE work_run ADD COLUMN reuse INTEGER REFERENCES work_run(id);      -- whose passed jobs it takes over; NULL: none
CREATE INDEX work_run_ref ON work_run(ref, id);

ALTER TABLE work_job ADD COLUMN reused INTEGER REFERENCES work_run(id);     -- where it really ran; NULL: here
ALTER TABLE work_artifact ADD COLUMN executable INTEGER NOT NULL DEFAULT 0 CHECK (executable IN (0, 1));

-- "skip: false" of the file as last seen on the default branch: known before anything is fetched.
ALTER TABLE work_project ADD COLUMN file_ignores_marks INTEGER NOT NULL DEFAULT 0 CHECK (file_ignores_marks IN (0, 1));
