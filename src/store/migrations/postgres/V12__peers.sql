-- Nodes take calls for each other, and compare what should be the same on all of them. A process of the release before
-- writes and reads none of these columns, and goes on beside.
ALTER TABLE nodes ADD COLUMN wall_ms bigint NOT NULL DEFAULT 0;
ALTER TABLE nodes ADD COLUMN protocol integer NOT NULL DEFAULT 0;
ALTER TABLE nodes ADD COLUMN peer_address text;
ALTER TABLE nodes ADD COLUMN peer_fingerprint bytea;
ALTER TABLE nodes ADD COLUMN license_keys_hash text NOT NULL DEFAULT '';
ALTER TABLE nodes ADD COLUMN access_hash text NOT NULL DEFAULT '';
ALTER TABLE nodes ADD CONSTRAINT nodes_peer CHECK ((peer_address IS NULL) = (peer_fingerprint IS NULL)
    AND (peer_fingerprint IS NULL OR octet_length(peer_fingerprint) = 32));
COMMENT ON TABLE nodes IS 'Processes that serve from this database. Each sends a heartbeat once a second; one whose heartbeat does not change for 4.5 seconds is declared dead by another.';
COMMENT ON COLUMN nodes.state IS '0: joining, 1: active, 2: draining, 3: dead.';
COMMENT ON COLUMN nodes.wall_ms IS 'Wall clock of the process at its last heartbeat: milliseconds since 1970-01-01 UTC; 0: unknown. No timeout depends on it.';
COMMENT ON COLUMN nodes.protocol IS 'Version of what the process says to its peers; 0: it does not talk to them.';
COMMENT ON COLUMN nodes.peer_address IS 'Where it listens for its peers, host:port; NULL: it takes no calls from them.';
COMMENT ON COLUMN nodes.peer_fingerprint IS 'SHA-256 of the certificate that it shows to its peers; made anew at each start.';
COMMENT ON COLUMN nodes.license_keys_hash IS 'Hash of its license keys, in hexadecimal digits; empty: it has none.';
COMMENT ON COLUMN nodes.access_hash IS 'Hash of its access file, in hexadecimal digits; empty: it has none.';
COMMENT ON COLUMN owners.token IS 'As shards.owner_token; all zero: released, to the node in this row or, without one, to anybody.';
COMMENT ON COLUMN owners.node_id IS 'See nodes. Beside a zero token: the successor of the owner that released the shard. NULL beside another token: a process of a release without nodes, or a tool, claimed the shard.';

-- Which programs may serve from this schema. A migration that an older program cannot live with raises the number; any other
-- leaves it, and then the older program starts, too.
CREATE TABLE compatibility (
    oldest_program integer NOT NULL PRIMARY KEY
);
COMMENT ON TABLE compatibility IS 'One row: which programs may serve from this schema.';
COMMENT ON COLUMN compatibility.oldest_program IS 'The newest schema version that the oldest program knows that may serve.';
INSERT INTO compatibility (oldest_program) VALUES (12);
