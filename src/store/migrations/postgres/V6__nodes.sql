-- Who shares this database, and whose each shard is. Beats and claims write here, batches never do: both tables are read
-- once a second by every process, and `shards` has a row version for each batch.
CREATE TABLE nodes (
    generation bigint   NOT NULL,
    beat       bigint   NOT NULL,
    state      smallint NOT NULL,
    node_id    uuid     NOT NULL PRIMARY KEY,
    host       text     NOT NULL,
    version    text     NOT NULL,
    lock_name  text
) WITH (fillfactor = 10);
COMMENT ON TABLE nodes IS 'Processes that serve from this database, or stand by. Each adds one to its beat once a second; one whose beat stands still for 4.5 seconds is declared dead by another.';
COMMENT ON COLUMN nodes.generation IS 'One more when it is declared dead: its own beats change no row any more.';
COMMENT ON COLUMN nodes.beat IS 'Grows by one a second.';
COMMENT ON COLUMN nodes.state IS '0: joining or standing by, 1: active, 2: draining, 3: dead.';
COMMENT ON COLUMN nodes.node_id IS 'Random, fresh at each start.';
COMMENT ON COLUMN nodes.host IS 'The machine''s name, for people.';
COMMENT ON COLUMN nodes.version IS 'The program''s version, for people.';
COMMENT ON COLUMN nodes.lock_name IS 'The boot of its machine, and the device and inode of the lock file that it holds: whoever holds the same lock in the same boot knows that this process is gone. NULL: it holds none.';

CREATE TABLE owners (
    epoch        bigint   NOT NULL,
    former_seq   bigint   NOT NULL,
    generation   bigint,
    shard_id     smallint NOT NULL PRIMARY KEY,
    token        uuid     NOT NULL,
    former_token uuid     NOT NULL,
    node_id      uuid
) WITH (fillfactor = 10);
COMMENT ON TABLE owners IS 'Whose each shard is, as its last claim or release left it. The fence stays in shards.';
COMMENT ON COLUMN owners.epoch IS 'As shards.epoch.';
COMMENT ON COLUMN owners.former_seq IS 'The last batch of the owner before: by it that one learns what became of a batch whose answer was lost.';
COMMENT ON COLUMN owners.generation IS 'See nodes.';
COMMENT ON COLUMN owners.shard_id IS 'See shards.';
COMMENT ON COLUMN owners.token IS 'As shards.owner_token.';
COMMENT ON COLUMN owners.former_token IS 'The token of the owner before.';
COMMENT ON COLUMN owners.node_id IS 'See nodes. NULL beside a token: a process of a release without nodes, or a tool, claimed the shard.';
INSERT INTO owners SELECT epoch, seq, NULL, shard_id, owner_token, owner_token, NULL FROM shards;
