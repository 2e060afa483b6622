-- When the user of a session last signed in, here or elsewhere, as of the last writing; NULL: when the session started. A
-- login that finds its session there is a sign-in, too (R9, R16).
ALTER TABLE sessions ADD COLUMN signed_in INTEGER;
