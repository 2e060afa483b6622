CREATE TABLE notifications (
    event_no   bigint   NOT NULL,
    raised     bigint   NOT NULL,
    tenant_no  integer  NOT NULL,
    shard_id   smallint NOT NULL,
    cleared    boolean  NOT NULL,
    topic      text     NOT NULL,
    facts      text     NOT NULL,
    deliveries text     NOT NULL,
    PRIMARY KEY (shard_id, tenant_no, topic)
);
COMMENT ON TABLE notifications IS 'What people were told (R34), one row per topic: the memory of what was told, and the outbox. Written in the transaction of what is told.';
COMMENT ON COLUMN notifications.event_no IS 'The audit event of the telling: it names the message.';
COMMENT ON COLUMN notifications.raised IS 'Tick.';
COMMENT ON COLUMN notifications.tenant_no IS 'See tenants.';
COMMENT ON COLUMN notifications.shard_id IS 'See shards.';
COMMENT ON COLUMN notifications.cleared IS 'What was told is over since.';
COMMENT ON COLUMN notifications.topic IS 'exceeded/POOL, warning-PERCENT/POOL, license-expiring/LICENSE@REVISION, license-expired/LICENSE@REVISION.';
COMMENT ON COLUMN notifications.facts IS 'JSON: the numbers when it was told.';
COMMENT ON COLUMN notifications.deliveries IS 'JSON, by channel ("email", "webhook"): {"state": 1 pending, 2 under way, 3 done, 4 dead, "since", "next": ticks, "attempts", "error"}.';
