-- What people were told (R34), one row per topic: the memory of what was told, and the outbox. Written in the
-- transaction of what is told.
CREATE TABLE notifications (
    shard_id      INTEGER NOT NULL,
    tenant_no     INTEGER NOT NULL,
    topic         TEXT    NOT NULL,  -- exceeded/POOL, warning-PERCENT/POOL, license-expiring/LICENSE@REVISION,
                                     -- license-expired/LICENSE@REVISION.
    event_no      INTEGER NOT NULL,  -- The audit event of the telling: it names the message.
    raised        INTEGER NOT NULL,  -- Tick.
    cleared       INTEGER NOT NULL,  -- 1: what was told is over since.
    facts         TEXT    NOT NULL,  -- JSON: the numbers when it was told.
    deliveries    TEXT    NOT NULL,  -- JSON, by channel ("email", "webhook"): {"state": 1 pending, 2 under way, 3 done,
                                     -- 4 dead, "since", "next": ticks, "attempts", "error"}.
    PRIMARY KEY (shard_id, tenant_no, topic)
) STRICT, WITHOUT ROWID;
