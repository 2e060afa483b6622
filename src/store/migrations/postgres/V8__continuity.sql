ALTER TABLE shards ADD COLUMN continuity bytea NOT NULL DEFAULT '';
COMMENT ON COLUMN shards.continuity IS 'How time goes on when another process serves the shard: which machine''s clock measured it, and the gaps that nobody measured (R24, R31).';
