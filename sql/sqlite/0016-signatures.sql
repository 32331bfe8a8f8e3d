-- 0016: in which formats the files of a release are signed for people without our verifier: words of SignerFileFormat.
ALTER TABLE work_draft ADD COLUMN signatures TEXT NOT NULL DEFAULT '' CHECK (length(signatures) <= 200);
