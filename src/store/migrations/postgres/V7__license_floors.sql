CREATE TABLE license_floors (
    revision      bigint   NOT NULL,
    revoked_up_to bigint,
    fingerprint   bigint   NOT NULL,
    shard_id      smallint NOT NULL,
    tenant_id     text     NOT NULL,
    license_id    text     NOT NULL,
    PRIMARY KEY (shard_id, tenant_id, license_id)
);
COMMENT ON TABLE license_floors IS 'Which revisions of its licenses a tenant had when it was deleted, by its id: a tenant of the same id does not get an older one (R27). Rows outlive the tenant, and are never deleted.';
COMMENT ON COLUMN license_floors.revision IS 'The newest one. 64 bits.';
COMMENT ON COLUMN license_floors.revoked_up_to IS 'As in licenses.';
COMMENT ON COLUMN license_floors.fingerprint IS 'FNV-1a of the document, which may come back. 64 bits.';
