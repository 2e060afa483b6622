CREATE TABLE tokens (
    token_id     bigint   NOT NULL,
    created_ms   bigint   NOT NULL,
    expires_ms   bigint,
    revoked_ms   bigint,
    last_used_ms bigint,
    shard_id     smallint NOT NULL,
    roles        smallint NOT NULL,
    name         text     NOT NULL,
    hash         bytea    NOT NULL,
    tenants      text,
    created_by   text     NOT NULL,
    PRIMARY KEY (shard_id, token_id)
);
COMMENT ON TABLE tokens IS 'API tokens of the installation. Of a token''s text only a hash is kept.';
COMMENT ON COLUMN tokens.token_id IS '64 bits.';
COMMENT ON COLUMN tokens.created_ms IS 'Wall time, as all of a token''s, by the later of clock and high-water mark (R31): milliseconds since 1970-01-01 UTC.';
COMMENT ON COLUMN tokens.expires_ms IS 'NULL: never.';
COMMENT ON COLUMN tokens.revoked_ms IS 'NULL: it is not.';
COMMENT ON COLUMN tokens.last_used_ms IS 'By the clock; about a minute behind. NULL: never.';
COMMENT ON COLUMN tokens.shard_id IS '0: the installation''s affairs are on the first shard.';
COMMENT ON COLUMN tokens.roles IS 'Bits: 1 gate, 2 viewer, 4 manager, 8 operator.';
COMMENT ON COLUMN tokens.name IS 'Who uses it.';
COMMENT ON COLUMN tokens.hash IS 'SHA-256 of its text.';
COMMENT ON COLUMN tokens.tenants IS 'JSON: a list of tenant ids; NULL: all, also those that there are not yet.';
COMMENT ON COLUMN tokens.created_by IS 'Who asked for it.';

COMMENT ON COLUMN audit.tenant_no IS 'See tenants; 0: calls for tenants that do not exist, and, on shard 0, tokens.';
COMMENT ON COLUMN audit.action IS '1-3 session started, renewed, ended; 4 check-out denied; 10-11 seat granted, revoked; 20-24 user created, updated, blocked, unblocked, deleted; 30-32 organization created, updated, deleted; 40-44 tenant created, updated, suspended, resumed, deleted; 50-52 license installed, deleted, revoked; 60-64 notification raised, cleared, delivered, failed, redelivered; 70-72 token created, revoked, deleted.';
