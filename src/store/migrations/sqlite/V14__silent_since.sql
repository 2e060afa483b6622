-- A client that is silent keeps no session by restarts.
ALTER TABLE sessions ADD COLUMN silent_since INTEGER;  -- Tick: the client was last heard then; NULL: later, or not long ago.
