-- Nothing: the embedded store belongs to the process that has the lock on its folder. PostgreSQL gets the tables of
-- processes that share a database with this version; both stores have the same versions.
SELECT 1;
