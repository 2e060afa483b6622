-- Nothing: an installation with the embedded store has one database. Both stores have the same versions.
SELECT 1;
