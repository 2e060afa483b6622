-- The schema of the embedded store. The PostgreSQL schema beside it has the same tables and columns.
--
-- Ticks (started, last_activity, ended, granted, created, installed, changed, shards.tick_ms) are milliseconds on the shard's own
-- line of time, which never goes back (R31); shards.wall_ms is the wall time of shards.tick_ms, so the wall time
-- of a tick is about wall_ms - (tick_ms - tick). Columns named wall_…, at_ms, not_before_ms and expires_ms are
-- milliseconds since 1970-01-01 UTC.
-- Numbers (tenant_no, user_no, …) stand for text ids inside a shard. An id stands once, in its own table; the
-- audit holds ids as they were, because it outlives what it speaks of.
-- Every key starts with shard_id, for no transaction spans shards, and all but the audit's goes on with tenant_no: the
-- audit lies in the order of its events, so that a batch writes one place of the file. WITHOUT ROWID: a row lies in its key.

-- The unit of ownership. The first statement of every batch updates the shard's row; that is the fence.
CREATE TABLE shards (
    shard_id      INTEGER NOT NULL PRIMARY KEY,
    epoch         INTEGER NOT NULL,  -- How often the shard was claimed.
    owner_token   BLOB    NOT NULL,  -- The owner's random 16 bytes; all zero: no owner.
    seq           INTEGER NOT NULL,  -- The last committed batch. NOT NULL carries the fence: a stale owner writes NULL.
    tick_ms       INTEGER NOT NULL,  -- The shard's time at its last batch.
    wall_ms       INTEGER NOT NULL,  -- Wall time at its last batch.
    wall_high_ms  INTEGER NOT NULL,  -- High-water mark: licenses are judged by it (R31).
    last_tenant_no INTEGER NOT NULL, -- The highest tenant number ever given: none is given twice.
    last_event_no INTEGER NOT NULL   -- The highest number of an audit event.
) STRICT, WITHOUT ROWID;

-- One row, made with the shards at first start.
CREATE TABLE installation (
    instance_id   BLOB    NOT NULL PRIMARY KEY  -- 16 bytes. Names the installation: a license can be bound to it (R28).
) STRICT, WITHOUT ROWID;

CREATE TABLE tenants (
    shard_id      INTEGER NOT NULL,
    tenant_no     INTEGER NOT NULL,
    tenant_id     TEXT    NOT NULL,
    display_name  TEXT    NOT NULL,
    contact       TEXT    NOT NULL,
    state         INTEGER NOT NULL,  -- 0: active, 1: suspended.
    policy        TEXT    NOT NULL,  -- JSON; durations in milliseconds; what is missing has its default.
    created       INTEGER NOT NULL,  -- Tick.
    version       INTEGER NOT NULL,  -- Grows with every update: the etag.
    PRIMARY KEY (shard_id, tenant_no)
) STRICT, WITHOUT ROWID;

-- Of each license the newest revision, and the last few before it as records (R27, R28).
CREATE TABLE licenses (
    shard_id      INTEGER NOT NULL,
    tenant_no     INTEGER NOT NULL,
    license_id    TEXT    NOT NULL,
    revision      INTEGER NOT NULL,  -- A higher one replaces a lower one (R27).
    standing      INTEGER NOT NULL,  -- 1 current, 2 superseded by a higher revision, 3 deleted (remembered, so that no
                                     -- older revision comes back), 4 revoked.
    revoked_up_to INTEGER,           -- The vendor revoked every revision up to this one; NULL: none.
    not_before_ms INTEGER,           -- In force from here on; NULL: always was.
    expires_ms    INTEGER,           -- In force before this; NULL: never expires.
    entitlements  TEXT    NOT NULL,  -- JSON: [{"pool": pool_no, "plan": "NAMED"|"CONCURRENT", "limit": seats|"UNLIMITED"}].
    terms         TEXT    NOT NULL,  -- JSON: what only people and applications read; what is missing has its default.
    document      TEXT    NOT NULL,  -- The signed document, as it was verified.
    installed     INTEGER NOT NULL,  -- Tick.
    installed_by  TEXT    NOT NULL,  -- Who installed it.
    changed       INTEGER NOT NULL,  -- Tick of the last command that changed it.
    PRIMARY KEY (shard_id, tenant_no, license_id, revision)
) STRICT, WITHOUT ROWID;

CREATE TABLE pools (
    shard_id      INTEGER NOT NULL,
    tenant_no     INTEGER NOT NULL,
    pool_no       INTEGER NOT NULL,
    pool_id       TEXT    NOT NULL,
    PRIMARY KEY (shard_id, tenant_no, pool_no)
) STRICT, WITHOUT ROWID;

CREATE TABLE organizations (
    shard_id        INTEGER NOT NULL,
    tenant_no       INTEGER NOT NULL,
    organization_no INTEGER NOT NULL,
    organization_id TEXT    NOT NULL,
    display_name    TEXT    NOT NULL,
    created         INTEGER NOT NULL,  -- Tick.
    version         INTEGER NOT NULL,  -- Grows with every update: the etag.
    PRIMARY KEY (shard_id, tenant_no, organization_no)
) STRICT, WITHOUT ROWID;

CREATE TABLE users (
    shard_id      INTEGER NOT NULL,
    tenant_no     INTEGER NOT NULL,
    user_no       INTEGER NOT NULL,
    user_id       TEXT    NOT NULL,  -- Email or login name, normalized (R2).
    administrator INTEGER NOT NULL,  -- 0 or 1.
    blocked       INTEGER,           -- NULL: not blocked, 1: by an administrator, 2: for want of seats,
                                     -- 3: not in the directory (R5, R33).
    profile       TEXT,              -- JSON: names, groups, attributes; NULL: empty. Nothing is decided by it.
    created       INTEGER NOT NULL,  -- Tick.
    version       INTEGER NOT NULL,  -- Grows with every update: the etag.
    PRIMARY KEY (shard_id, tenant_no, user_no)
) STRICT, WITHOUT ROWID;

CREATE TABLE seats (
    shard_id      INTEGER NOT NULL,
    tenant_no     INTEGER NOT NULL,
    user_no       INTEGER NOT NULL,
    pool_no       INTEGER NOT NULL,
    granted       INTEGER NOT NULL,  -- Tick.
    grant_event_no INTEGER NOT NULL, -- The grant's audit event: seats granted last are over the limit first (R14).
    organizations TEXT,              -- organization_no,organization_no,…; NULL: all of the tenant (R7).
    PRIMARY KEY (shard_id, tenant_no, user_no, pool_no)
) STRICT, WITHOUT ROWID;

-- A user has a few places; an ended session keeps its row until its place is used again (R24).
-- In use of a concurrent pool (R11): count(DISTINCT user_no) where ended IS NULL AND NOT exempt.
-- No other index: a login rewrites one row.
CREATE TABLE sessions (
    shard_id      INTEGER NOT NULL,
    tenant_no     INTEGER NOT NULL,
    user_no       INTEGER NOT NULL,
    place         INTEGER NOT NULL,
    session_id    BLOB    NOT NULL,  -- 16 bytes.
    pool_no       INTEGER NOT NULL,
    organization_no INTEGER,         -- NULL: the tenant has none.
    device_id     TEXT    NOT NULL,
    client        TEXT    NOT NULL,  -- Free text about the client: address, agent.
    administrator INTEGER NOT NULL,  -- 0 or 1, as when the session started.
    exempt        INTEGER NOT NULL,  -- 1: counts nowhere (R11), as decided when the session started.
    started       INTEGER NOT NULL,  -- Tick.
    last_activity INTEGER NOT NULL,  -- Tick; up to 30 s behind for a live session.
    lease_ttl_ms  INTEGER NOT NULL,  -- The lease last promised; 0: none is needed (R25).
    ended         INTEGER,           -- Tick; NULL: live.
    ended_reason  INTEGER,           -- 1 checked in, 2 lease expired, 3 longest duration, 4 idle timeout, 5 closed,
                                     -- 6 taken over, 7 reclaimed, 8 user deleted, 9 tenant removed (R24).
    PRIMARY KEY (shard_id, tenant_no, user_no, place)
) STRICT, WITHOUT ROWID;

-- Everything that changed state, and every denial (R35), in the transaction of the change. Outlives its tenant.
CREATE TABLE audit (
    shard_id      INTEGER NOT NULL,
    tenant_no     INTEGER NOT NULL,
    event_no      INTEGER NOT NULL,  -- Ascending in the shard.
    at_ms         INTEGER NOT NULL,  -- Wall time.
    actor         TEXT    NOT NULL,  -- Who asked.
    action        INTEGER NOT NULL,  -- 1-3 session started, renewed, ended; 4 check-out denied; 10-11 seat granted,
                                     -- revoked; 20-24 user created, updated, blocked, unblocked, deleted; 30-32
                                     -- organization created, updated, deleted; 40-44 tenant created, updated,
                                     -- suspended, resumed, deleted; 50-52 license
                                     -- installed, deleted, revoked.
    reason        INTEGER,           -- Below 100: denied. 1 tenant not found, 2 tenant suspended, 3 clock suspect,
                                     -- 4 license not yet valid, 5 license expired, 6 pool not licensed, 7 user not
                                     -- found, 8 user blocked, 9 seat not granted, 10 seat over limit,
                                     -- 11 organization access off, 12 already signed in, 13 seats exhausted.
                                     -- Above 100: sessions.ended_reason + 100.
    user_id       TEXT,
    pool_id       TEXT,
    session_id    BLOB,
    organization_id TEXT,
    count         INTEGER NOT NULL,  -- How many identical denials this event stands for (R21); else 1.
    detail        TEXT    NOT NULL,
    PRIMARY KEY (shard_id, event_no)
) STRICT, WITHOUT ROWID;

-- The index of the audit: a row for each few thousand consecutive events of a shard, written when they are complete. The
-- events behind the last block are in none yet.
CREATE TABLE audit_blocks (
    shard_id      INTEGER NOT NULL,
    last_event_no INTEGER NOT NULL,
    first_event_no INTEGER NOT NULL,
    oldest_ms     INTEGER NOT NULL,  -- The smallest audit.at_ms of its events.
    newest_ms     INTEGER NOT NULL,  -- The greatest.
    closed_ms     INTEGER NOT NULL,  -- When it was completed, by the later of clock and high-water mark (R31): what is
                                     -- kept for a while is kept from here on.
    filter        BLOB    NOT NULL,  -- A Bloom filter of what its events can be asked for: tenants, and of each its users,
                                     -- actors, actions, reasons and denials. Slices of 32 bytes.
    PRIMARY KEY (shard_id, last_event_no)
) STRICT, WITHOUT ROWID;
