-- API tokens of the installation. Of a token's text only a hash is kept.
CREATE TABLE tokens (
    shard_id      INTEGER NOT NULL,  -- 0: the installation's affairs are on the first shard.
    token_id      INTEGER NOT NULL,  -- 64 bits.
    name          TEXT    NOT NULL,  -- Who uses it.
    hash          BLOB    NOT NULL,  -- SHA-256 of its text.
    roles         INTEGER NOT NULL,  -- Bits: 1 gate, 2 viewer, 4 manager, 8 operator.
    tenants       TEXT,              -- JSON: a list of tenant ids; NULL: all, also those that there are not yet.
    created_ms    INTEGER NOT NULL,  -- Wall time, as all of a token's, by the later of clock and high-water mark (R31).
    created_by    TEXT    NOT NULL,
    expires_ms    INTEGER,           -- NULL: never.
    revoked_ms    INTEGER,           -- NULL: it is not.
    last_used_ms  INTEGER,           -- By the clock; about a minute behind. NULL: never.
    PRIMARY KEY (shard_id, token_id)
) STRICT, WITHOUT ROWID;

-- audit.action, since V1: 60-64 notification raised, cleared, delivered, failed, redelivered; 70-72 token created, revoked,
-- deleted. Those of tokens, and denials for tenants that do not exist, have audit.tenant_no 0.
