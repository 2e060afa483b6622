-- How time goes on when another process serves the shard: which machine's clock measured it, and the gaps that nobody
-- measured (R24, R31).
ALTER TABLE shards ADD COLUMN continuity BLOB NOT NULL DEFAULT x'';
