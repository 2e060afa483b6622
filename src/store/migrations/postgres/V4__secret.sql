-- Made here where there is an installation already, else at the first start. A random UUID has 122 random bits, of the
-- server's strong source; the other six are fixed.
ALTER TABLE installation ADD COLUMN secret bytea;
UPDATE installation SET secret = decode(replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', ''), 'hex');
ALTER TABLE installation ALTER COLUMN secret SET NOT NULL;
ALTER TABLE installation ADD CONSTRAINT installation_secret CHECK (octet_length(secret) = 32);
COMMENT ON COLUMN installation.secret IS '32 bytes. Ids and tokens that leave the service are veiled and sealed with it (R1). Never changed: they mean the same for ever.';
