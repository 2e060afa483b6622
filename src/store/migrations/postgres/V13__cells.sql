-- An installation may have several databases, each with a range of its shards. A process of a release before knows of
-- one; the next migration no longer lets it serve.
ALTER TABLE installation ADD COLUMN cell smallint NOT NULL DEFAULT 0;
ALTER TABLE installation ADD COLUMN cells smallint NOT NULL DEFAULT 1;
ALTER TABLE installation ADD CONSTRAINT installation_cell CHECK (cell >= 0 AND cell < cells);
COMMENT ON COLUMN installation.cell IS 'Which of the installation''s databases this is, from 0. It has the rows of the shards for which shard_id * cells / shards is this number, and of no others.';
COMMENT ON COLUMN installation.cells IS 'How many databases the installation has. Never changed.';
