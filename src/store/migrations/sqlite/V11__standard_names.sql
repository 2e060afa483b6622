-- The number of a user's session slot, under the name that it has everywhere else.
ALTER TABLE sessions RENAME COLUMN place TO slot;
