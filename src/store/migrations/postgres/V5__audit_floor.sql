-- What the store must hold, for whoever checks it: how many shards there are, and where each one's audit begins. Retention
-- deletes the oldest events, and moves the floor in the same transaction; whatever else is missing is damage.
ALTER TABLE installation ADD COLUMN shards integer NOT NULL DEFAULT 0;
UPDATE installation SET shards = (SELECT count(*) FROM shards);
COMMENT ON COLUMN installation.shards IS 'How many shards there are. Fixed at the first start.';

CREATE TABLE audit_floor (
    first_event_no bigint   NOT NULL,
    shard_id       smallint NOT NULL PRIMARY KEY
);
COMMENT ON TABLE audit_floor IS 'Where the audit of each shard begins. Retention moves it.';
COMMENT ON COLUMN audit_floor.first_event_no IS 'Every event from here to shards.last_event_no is there.';
COMMENT ON COLUMN audit_floor.shard_id IS 'See shards.';
INSERT INTO audit_floor (shard_id, first_event_no) SELECT shard_id,
    coalesce((SELECT min(event_no) FROM audit WHERE audit.shard_id = shards.shard_id), last_event_no + 1) FROM shards;
