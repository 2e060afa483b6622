-- What the store must hold, for whoever checks it: how many shards there are, and where each one's audit begins. Retention
-- deletes the oldest events, and moves the floor in the same transaction; whatever else is missing is damage.
ALTER TABLE installation ADD COLUMN shards INTEGER NOT NULL DEFAULT 0; -- Fixed at the first start.
UPDATE installation SET shards = (SELECT count(*) FROM shards);

CREATE TABLE audit_floor (
    shard_id       INTEGER NOT NULL PRIMARY KEY,
    first_event_no INTEGER NOT NULL  -- Of the audit: every event from here to shards.last_event_no is there.
) STRICT, WITHOUT ROWID;
INSERT INTO audit_floor SELECT shard_id,
    coalesce((SELECT min(event_no) FROM audit WHERE audit.shard_id = shards.shard_id), last_event_no + 1) FROM shards;
