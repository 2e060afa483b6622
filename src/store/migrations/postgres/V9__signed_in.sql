ALTER TABLE sessions ADD COLUMN signed_in bigint;
COMMENT ON COLUMN sessions.signed_in IS 'Tick; when the user last signed in, here or elsewhere, as of the last writing; NULL: when the session started. A login that finds its session there is a sign-in, too (R9, R16).';
