-- The schema of the production store. The SQLite schema beside it has the same tables and columns.
--
-- Every key starts with shard_id, for no transaction spans shards, so the same schema runs on one PostgreSQL, on cells of
-- several, or on a distributed one; and all but the audit's goes on with tenant_no. Columns lie in the order that wastes no padding.

CREATE TABLE shards (
    epoch          bigint   NOT NULL,
    seq            bigint   NOT NULL,
    tick_ms        bigint   NOT NULL,
    wall_ms        bigint   NOT NULL,
    wall_high_ms   bigint   NOT NULL,
    last_event_no  bigint   NOT NULL,
    last_tenant_no integer  NOT NULL,
    shard_id       smallint NOT NULL PRIMARY KEY,
    owner_token    uuid     NOT NULL
) WITH (fillfactor = 10);
COMMENT ON TABLE shards IS 'The unit of ownership. The first statement of every batch updates the shard''s row; that is the fence. Ticks are milliseconds on the shard''s own line of time, which never goes back (R31); the wall time of a tick is about wall_ms - (tick_ms - tick).';
COMMENT ON COLUMN shards.epoch IS 'How often the shard was claimed.';
COMMENT ON COLUMN shards.seq IS 'The last committed batch. NOT NULL carries the fence: a stale owner writes NULL.';
COMMENT ON COLUMN shards.tick_ms IS 'Tick: the shard''s time at its last batch.';
COMMENT ON COLUMN shards.wall_ms IS 'Wall time at the last batch: milliseconds since 1970-01-01 UTC.';
COMMENT ON COLUMN shards.wall_high_ms IS 'High-water mark of wall time, by which licenses are judged (R31): milliseconds since 1970-01-01 UTC.';
COMMENT ON COLUMN shards.last_event_no IS 'The highest number of an audit event.';
COMMENT ON COLUMN shards.last_tenant_no IS 'The highest tenant number ever given: none is given twice.';
COMMENT ON COLUMN shards.shard_id IS 'From 0 on. How many there are is fixed at first start.';
COMMENT ON COLUMN shards.owner_token IS 'The owner''s random token; all zero: no owner.';

CREATE TABLE installation (
    instance_id uuid NOT NULL PRIMARY KEY
);
COMMENT ON TABLE installation IS 'One row, made with the shards at first start.';
COMMENT ON COLUMN installation.instance_id IS 'Names the installation: a license can be bound to it (R28).';

CREATE TABLE tenants (
    created      bigint   NOT NULL,
    version      bigint   NOT NULL,
    tenant_no    integer  NOT NULL,
    shard_id     smallint NOT NULL,
    state        smallint NOT NULL,
    tenant_id    text     NOT NULL,
    display_name text     NOT NULL,
    contact      text     NOT NULL,
    policy       text     NOT NULL,
    PRIMARY KEY (shard_id, tenant_no)
);
COMMENT ON TABLE tenants IS 'Customers: the boundary for data, security and licensing (R1).';
COMMENT ON COLUMN tenants.created IS 'Tick.';
COMMENT ON COLUMN tenants.version IS 'Grows with every update: the etag.';
COMMENT ON COLUMN tenants.tenant_no IS 'Stands for the tenant inside its shard. Never given twice.';
COMMENT ON COLUMN tenants.shard_id IS 'From a hash of tenant_id.';
COMMENT ON COLUMN tenants.state IS '0: active, 1: suspended.';
COMMENT ON COLUMN tenants.tenant_id IS 'As callers name the tenant.';
COMMENT ON COLUMN tenants.display_name IS 'For people.';
COMMENT ON COLUMN tenants.contact IS 'For people.';
COMMENT ON COLUMN tenants.policy IS 'JSON; durations in milliseconds; what is missing has its default.';

CREATE TABLE licenses (
    revision      bigint   NOT NULL,
    revoked_up_to bigint,
    not_before_ms bigint,
    expires_ms    bigint,
    installed     bigint   NOT NULL,
    changed       bigint   NOT NULL,
    tenant_no     integer  NOT NULL,
    shard_id      smallint NOT NULL,
    standing      smallint NOT NULL,
    license_id    text     NOT NULL,
    entitlements  text     NOT NULL,
    terms         text     NOT NULL,
    document      text     NOT NULL,
    installed_by  text     NOT NULL,
    PRIMARY KEY (shard_id, tenant_no, license_id, revision)
);
COMMENT ON TABLE licenses IS 'Installed licenses (R27, R28): of each the newest revision, and the last few before it as records.';
COMMENT ON COLUMN licenses.revision IS 'A higher one replaces a lower one (R27).';
COMMENT ON COLUMN licenses.revoked_up_to IS 'The vendor revoked every revision up to this one; NULL: none.';
COMMENT ON COLUMN licenses.installed IS 'Tick.';
COMMENT ON COLUMN licenses.changed IS 'Tick of the last command that changed it.';
COMMENT ON COLUMN licenses.standing IS '1 current, 2 superseded by a higher revision, 3 deleted (remembered, so that no older revision comes back), 4 revoked.';
COMMENT ON COLUMN licenses.not_before_ms IS 'In force from this wall time on (milliseconds since 1970-01-01 UTC); NULL: always was.';
COMMENT ON COLUMN licenses.expires_ms IS 'In force before this wall time (milliseconds since 1970-01-01 UTC); NULL: never expires.';
COMMENT ON COLUMN licenses.tenant_no IS 'See tenants.';
COMMENT ON COLUMN licenses.shard_id IS 'See shards.';
COMMENT ON COLUMN licenses.license_id IS 'As the license names itself.';
COMMENT ON COLUMN licenses.entitlements IS 'JSON: [{"pool": pool_no, "plan": "NAMED"|"CONCURRENT", "limit": seats|"UNLIMITED"}].';
COMMENT ON COLUMN licenses.terms IS 'JSON: what only people and applications read; what is missing has its default.';
COMMENT ON COLUMN licenses.document IS 'The signed document, as it was verified.';
COMMENT ON COLUMN licenses.installed_by IS 'Who installed it.';

CREATE TABLE pools (
    tenant_no integer  NOT NULL,
    shard_id  smallint NOT NULL,
    pool_no   integer  NOT NULL,
    pool_id   text     NOT NULL,
    PRIMARY KEY (shard_id, tenant_no, pool_no)
);
COMMENT ON TABLE pools IS 'Names of pools: interchangeable seats with one limit.';
COMMENT ON COLUMN pools.tenant_no IS 'See tenants.';
COMMENT ON COLUMN pools.shard_id IS 'See shards.';
COMMENT ON COLUMN pools.pool_no IS 'Stands for the pool inside its tenant.';
COMMENT ON COLUMN pools.pool_id IS 'As callers name the pool.';

CREATE TABLE organizations (
    created         bigint   NOT NULL,
    version         bigint   NOT NULL,
    tenant_no       integer  NOT NULL,
    organization_no integer  NOT NULL,
    shard_id        smallint NOT NULL,
    organization_id text     NOT NULL,
    display_name    text     NOT NULL,
    PRIMARY KEY (shard_id, tenant_no, organization_no)
);
COMMENT ON TABLE organizations IS 'Divisions of a tenant, which share its seats (R3).';
COMMENT ON COLUMN organizations.created IS 'Tick.';
COMMENT ON COLUMN organizations.version IS 'Grows with every update: the etag.';
COMMENT ON COLUMN organizations.tenant_no IS 'See tenants.';
COMMENT ON COLUMN organizations.organization_no IS 'Stands for the organization inside its tenant.';
COMMENT ON COLUMN organizations.shard_id IS 'See shards.';
COMMENT ON COLUMN organizations.organization_id IS 'As callers name the organization.';
COMMENT ON COLUMN organizations.display_name IS 'For people.';

CREATE TABLE users (
    created       bigint   NOT NULL,
    version       bigint   NOT NULL,
    tenant_no     integer  NOT NULL,
    user_no       integer  NOT NULL,
    shard_id      smallint NOT NULL,
    blocked       smallint,
    administrator boolean  NOT NULL,
    user_id       text     NOT NULL,
    profile       text,
    PRIMARY KEY (shard_id, tenant_no, user_no)
);
COMMENT ON TABLE users IS 'Persons, each in one tenant (R2, R5).';
COMMENT ON COLUMN users.created IS 'Tick.';
COMMENT ON COLUMN users.version IS 'Grows with every update: the etag.';
COMMENT ON COLUMN users.tenant_no IS 'See tenants.';
COMMENT ON COLUMN users.user_no IS 'Stands for the user inside its tenant.';
COMMENT ON COLUMN users.shard_id IS 'See shards.';
COMMENT ON COLUMN users.blocked IS 'NULL: not blocked, 1: by an administrator, 2: for want of seats, 3: not in the directory (R5, R33).';
COMMENT ON COLUMN users.administrator IS 'May be exempt from counting by policy (R10, R11).';
COMMENT ON COLUMN users.user_id IS 'Email or login name, normalized (R2).';
COMMENT ON COLUMN users.profile IS 'JSON: names, groups, attributes; NULL: empty. Nothing is decided by it.';

CREATE TABLE seats (
    granted        bigint   NOT NULL,
    grant_event_no bigint   NOT NULL,
    tenant_no      integer  NOT NULL,
    user_no        integer  NOT NULL,
    pool_no        integer  NOT NULL,
    shard_id       smallint NOT NULL,
    organizations  text,
    PRIMARY KEY (shard_id, tenant_no, user_no, pool_no)
);
COMMENT ON TABLE seats IS 'Pools assigned to users. In use of a named pool (R10): its seats of users that are not blocked.';
COMMENT ON COLUMN seats.granted IS 'Tick.';
COMMENT ON COLUMN seats.grant_event_no IS 'The grant''s audit event: seats granted last are over the limit first (R14).';
COMMENT ON COLUMN seats.tenant_no IS 'See tenants.';
COMMENT ON COLUMN seats.user_no IS 'See users.';
COMMENT ON COLUMN seats.pool_no IS 'See pools.';
COMMENT ON COLUMN seats.shard_id IS 'See shards.';
COMMENT ON COLUMN seats.organizations IS 'organization_no,organization_no,…; NULL: all of the tenant (R7).';

-- One row is rewritten by every login and logout. No index but the key, and room in every page: PostgreSQL then
-- writes the new version beside the old one and touches no index (HOT).
CREATE TABLE sessions (
    started         bigint   NOT NULL,
    last_activity   bigint   NOT NULL,
    ended           bigint,
    lease_ttl_ms    bigint   NOT NULL,
    tenant_no       integer  NOT NULL,
    user_no         integer  NOT NULL,
    place           integer  NOT NULL,
    pool_no         integer  NOT NULL,
    organization_no integer,
    shard_id        smallint NOT NULL,
    ended_reason    smallint,
    administrator   boolean  NOT NULL,
    exempt          boolean  NOT NULL,
    session_id      uuid     NOT NULL,
    device_id       text     NOT NULL,
    client          text     NOT NULL,
    PRIMARY KEY (shard_id, tenant_no, user_no, place)
) WITH (fillfactor = 75);
COMMENT ON TABLE sessions IS 'Logins. A user has a few places; an ended session keeps its row until its place is used again (R24). In use of a concurrent pool (R11): count(DISTINCT user_no) where ended IS NULL AND NOT exempt.';
COMMENT ON COLUMN sessions.started IS 'Tick.';
COMMENT ON COLUMN sessions.last_activity IS 'Tick; up to 30 s behind for a live session.';
COMMENT ON COLUMN sessions.ended IS 'Tick; NULL: live.';
COMMENT ON COLUMN sessions.lease_ttl_ms IS 'The lease last promised, in milliseconds; 0: none is needed (R25).';
COMMENT ON COLUMN sessions.tenant_no IS 'See tenants.';
COMMENT ON COLUMN sessions.user_no IS 'See users.';
COMMENT ON COLUMN sessions.place IS 'The user''s place for a session.';
COMMENT ON COLUMN sessions.pool_no IS 'See pools.';
COMMENT ON COLUMN sessions.organization_no IS 'See organizations; NULL: the tenant has none.';
COMMENT ON COLUMN sessions.shard_id IS 'See shards.';
COMMENT ON COLUMN sessions.ended_reason IS '1 checked in, 2 lease expired, 3 longest duration, 4 idle timeout, 5 closed, 6 taken over, 7 reclaimed, 8 user deleted, 9 tenant removed (R24).';
COMMENT ON COLUMN sessions.administrator IS 'As when the session started.';
COMMENT ON COLUMN sessions.exempt IS 'Counts nowhere (R11), as decided when the session started.';
COMMENT ON COLUMN sessions.session_id IS 'As clients know the session.';
COMMENT ON COLUMN sessions.device_id IS 'The user''s device, as the application tells them apart (R16, R17).';
COMMENT ON COLUMN sessions.client IS 'Free text about the client: address, agent.';

CREATE TABLE audit (
    event_no        bigint   NOT NULL,
    at_ms           bigint   NOT NULL,
    tenant_no       integer  NOT NULL,
    count           bigint   NOT NULL,
    shard_id        smallint NOT NULL,
    action          smallint NOT NULL,
    reason          smallint,
    session_id      uuid,
    actor           text     NOT NULL,
    user_id         text,
    pool_id         text,
    organization_id text,
    detail          text     NOT NULL,
    PRIMARY KEY (shard_id, event_no)
);
COMMENT ON TABLE audit IS 'Everything that changed state, and every denial (R35), in the transaction of the change. Outlives its tenant.';
COMMENT ON COLUMN audit.event_no IS 'Ascending in the shard.';
COMMENT ON COLUMN audit.at_ms IS 'Wall time: milliseconds since 1970-01-01 UTC.';
COMMENT ON COLUMN audit.tenant_no IS 'See tenants.';
COMMENT ON COLUMN audit.count IS 'How many identical denials this event stands for (R21); else 1.';
COMMENT ON COLUMN audit.shard_id IS 'See shards.';
COMMENT ON COLUMN audit.action IS '1-3 session started, renewed, ended; 4 check-out denied; 10-11 seat granted, revoked; 20-24 user created, updated, blocked, unblocked, deleted; 30-32 organization created, updated, deleted; 40-44 tenant created, updated, suspended, resumed, deleted; 50-52 license installed, deleted, revoked.';
COMMENT ON COLUMN audit.reason IS 'Below 100: denied. 1 tenant not found, 2 tenant suspended, 3 clock suspect, 4 license not yet valid, 5 license expired, 6 pool not licensed, 7 user not found, 8 user blocked, 9 seat not granted, 10 seat over limit, 11 organization access off, 12 already signed in, 13 seats exhausted. Above 100: sessions.ended_reason + 100.';
COMMENT ON COLUMN audit.session_id IS 'The session it is about.';
COMMENT ON COLUMN audit.actor IS 'Who asked.';
COMMENT ON COLUMN audit.user_id IS 'The user it is about.';
COMMENT ON COLUMN audit.pool_id IS 'The pool it is about.';
COMMENT ON COLUMN audit.organization_id IS 'The organization it is about.';
COMMENT ON COLUMN audit.detail IS 'What changed, in words; empty where the other columns say it all.';

-- The filter is not compressed: a slice of it is read alone. It lies beside the table, which so is small.
CREATE TABLE audit_blocks (
    last_event_no  bigint   NOT NULL,
    first_event_no bigint   NOT NULL,
    oldest_ms      bigint   NOT NULL,
    newest_ms      bigint   NOT NULL,
    closed_ms      bigint   NOT NULL,
    shard_id       smallint NOT NULL,
    filter         bytea    NOT NULL,
    PRIMARY KEY (shard_id, last_event_no)
);
ALTER TABLE audit_blocks ALTER COLUMN filter SET STORAGE EXTERNAL;
COMMENT ON TABLE audit_blocks IS 'The index of the audit: a row for each few thousand consecutive events of a shard, written when they are complete. The events behind the last block are in none yet.';
COMMENT ON COLUMN audit_blocks.last_event_no IS 'See audit.';
COMMENT ON COLUMN audit_blocks.first_event_no IS 'See audit.';
COMMENT ON COLUMN audit_blocks.oldest_ms IS 'The smallest audit.at_ms of its events.';
COMMENT ON COLUMN audit_blocks.newest_ms IS 'The greatest.';
COMMENT ON COLUMN audit_blocks.closed_ms IS 'When it was completed, by the later of clock and high-water mark (R31): milliseconds since 1970-01-01 UTC. What is kept for a while is kept from here on.';
COMMENT ON COLUMN audit_blocks.shard_id IS 'See shards.';
COMMENT ON COLUMN audit_blocks.filter IS 'A Bloom filter of what its events can be asked for: tenants, and of each its users, actors, actions, reasons and denials. Slices of 32 bytes.';
