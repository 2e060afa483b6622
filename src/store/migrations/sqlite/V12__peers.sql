-- Nothing: the embedded store belongs to the process that has the lock on its folder, and has no nodes. Both stores have
-- the same versions.
SELECT 1;
