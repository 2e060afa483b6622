-- A shard may have another owner soon: a client that is silent keeps no session by that.
ALTER TABLE sessions ADD COLUMN silent_since bigint;
COMMENT ON COLUMN sessions.silent_since IS 'Tick: the client was last heard then, and not for half of its lease since. NULL: it was heard later, or half of its lease has not passed.';
-- A program that does not know the column does not clear it.
UPDATE compatibility SET oldest_program = 14;
