-- Which revisions of its licenses a tenant had when it was deleted, by its id: a tenant of the same id does not get an older
-- one (R27). Rows outlive the tenant, and are never deleted.
CREATE TABLE license_floors (
    shard_id       INTEGER NOT NULL,
    tenant_id      TEXT    NOT NULL,
    license_id     TEXT    NOT NULL,
    revision       INTEGER NOT NULL,  -- The newest one. 64 bits.
    revoked_up_to  INTEGER,           -- As in licenses.
    fingerprint    INTEGER NOT NULL,  -- FNV-1a of the document, which may come back. 64 bits.
    PRIMARY KEY (shard_id, tenant_id, license_id)
) STRICT, WITHOUT ROWID;
