-- The installation has a secret: ids and tokens that leave the service are veiled and sealed with it (R1). Made here where
-- there is an installation already, else at the first start; never changed: ids and tokens mean the same for ever.
CREATE TABLE founded (
    instance_id   BLOB    NOT NULL PRIMARY KEY,  -- 16 bytes. Names the installation: a license can be bound to it (R28).
    secret        BLOB    NOT NULL CHECK (length(secret) = 32)
) STRICT, WITHOUT ROWID;
INSERT INTO founded SELECT instance_id, randomblob(32) FROM installation;
DROP TABLE installation;
ALTER TABLE founded RENAME TO installation;
