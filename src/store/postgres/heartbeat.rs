//! The statement of a heartbeat, and how its rows are read.

use tokio_postgres::Row;
use tokio_postgres::types::{FromSql, ToSql};
use uuid::Uuid;

use crate::ids::{Epoch, NodeId, OwnerToken, Seq, ShardId};
use crate::ledger::time::WallTime;
use crate::store::nodes::{
    ClusterSnapshot, FileHashes, Fingerprint, LockName, NodeHeartbeat, NodeRef, NodeRow, NodeState, OwnerRow,
    PeerEndpoint,
};
use crate::store::{Owner, StoreError};

/// One statement, so one round trip: both tables are read at the instant at which the server begins the statement, and
/// the heartbeat is written unless the node was declared dead by then. A row of `shards` is read only if no node owns
/// the shard, nor is its successor.
pub const HEARTBEAT: &str = "/* usher:heartbeat */ WITH sent AS (UPDATE nodes
        SET heartbeat = heartbeat + 1, state = $3, lock_name = $4, wall_ms = $5, license_keys_hash = $6,
            access_hash = $7
        WHERE node_id = $1 AND generation = $2 RETURNING node_id, heartbeat)
    SELECT 0::smallint AS kind, node_id, generation, shard_id, token, epoch,
        CASE WHEN node_id IS NULL
            THEN (SELECT ARRAY[s.epoch, s.seq] FROM shards s WHERE s.shard_id = o.shard_id) END AS position,
        CASE WHEN node_id IS NULL
            THEN (SELECT s.owner_token FROM shards s WHERE s.shard_id = o.shard_id) END AS owner_token,
        NULL::bigint AS heartbeat, NULL::smallint AS state, NULL::text AS host, NULL::text AS version,
        NULL::text AS lock_name, NULL::bigint AS wall_ms, NULL::integer AS protocol, NULL::text AS peer_address,
        NULL::bytea AS peer_fingerprint, NULL::text AS license_keys_hash, NULL::text AS access_hash
        FROM owners o
    UNION ALL
    SELECT 1::smallint, node_id, generation, NULL, NULL, NULL, NULL, NULL,
        coalesce((SELECT s.heartbeat FROM sent s WHERE s.node_id = n.node_id), n.heartbeat), state, host, version,
        lock_name, wall_ms, protocol, peer_address, peer_fingerprint, license_keys_hash, access_hash
        FROM nodes n
    UNION ALL
    SELECT 2::smallint, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
        NULL, NULL
        FROM sent";

/// The values of a heartbeat, as the statement takes them.
pub struct Values {
    id: Uuid,
    generation: i64,
    state: i16,
    lock: Option<Box<str>>,
    wall: i64,
    files: FileHashes,
}

impl Values {
    pub fn new(heartbeat: NodeHeartbeat) -> Self {
        let NodeHeartbeat { node, state, lock, wall, files } = heartbeat;
        let lock = lock.map(|lock| lock.0);
        Self { id: node.id.0, generation: node.generation, state: state.code(), lock, wall: wall.0, files }
    }

    pub fn all(&self) -> [&(dyn ToSql + Sync); 7] {
        let FileHashes { license_keys, access } = &self.files;
        [&self.id, &self.generation, &self.state, &self.lock, &self.wall, license_keys, access]
    }
}

/// The tables as the statement read them.
pub fn snapshot(rows: &[Row], connection: u64) -> Result<ClusterSnapshot, StoreError> {
    let mut snapshot = ClusterSnapshot { alive: false, nodes: Vec::new(), owners: Vec::new(), connection };
    for row in rows {
        match row.try_get("kind")? {
            0_i16 => snapshot.owners.push(owner(row)?),
            1 => snapshot.nodes.push(node(row)?),
            _ => snapshot.alive = true,
        }
    }
    snapshot.owners.sort_by_key(|row| row.shard);
    Ok(snapshot)
}

/// An owner that is not a node may have claimed the shard without writing `owners`: then `shards` has the owner.
fn owner(row: &Row) -> Result<OwnerRow, StoreError> {
    let shard = ShardId(row.try_get::<_, i16>("shard_id")?.cast_unsigned());
    let mut owner = Owner { epoch: Epoch(row.try_get("epoch")?), token: OwnerToken(row.try_get("token")?) };
    let mut seq = None;
    if let Some([epoch, last]) = row.try_get::<_, Option<Vec<i64>>>("position")?.as_deref() {
        owner = Owner { epoch: Epoch(*epoch), token: OwnerToken(row.try_get("owner_token")?) };
        seq = Some(Seq(*last));
    }
    let (id, generation) = (row.try_get::<_, Option<Uuid>>("node_id")?, row.try_get("generation")?);
    let node = id.zip(generation).map(|(id, generation)| NodeRef { id: NodeId(id), generation });
    Ok(OwnerRow { shard, owner, node, seq })
}

fn node(row: &Row) -> Result<NodeRow, StoreError> {
    Ok(NodeRow {
        node: NodeRef { id: NodeId(row.try_get("node_id")?), generation: row.try_get("generation")? },
        heartbeat: row.try_get("heartbeat")?,
        // An unknown state comes from a newer release, and counts as that of a live node.
        state: NodeState::stored(row.try_get("state")?).unwrap_or(NodeState::Active),
        host: row.try_get("host")?,
        lock: row.try_get::<_, Option<Box<str>>>("lock_name")?.map(LockName),
        version: row.try_get("version")?,
        protocol: row.try_get("protocol")?,
        peer: peer(row)?,
        wall: WallTime(row.try_get("wall_ms")?),
        files: FileHashes { license_keys: row.try_get("license_keys_hash")?, access: row.try_get("access_hash")? },
    })
}

/// Where the node listens for its peers.
///
/// # Errors
/// The text names the column.
pub fn peer(row: &Row) -> Result<Option<PeerEndpoint>, StoreError> {
    let address = column::<Option<Box<str>>>(row, "peer_address")?;
    let (address, bytes) = match (address, column::<Option<&[u8]>>(row, "peer_fingerprint")?) {
        (None, None) => return Ok(None),
        (Some(address), Some(bytes)) => (address, bytes),
        (_, None) => return Err(StoreError("nodes.peer_fingerprint: is missing, and the address is there".into())),
        (None, _) => return Err(StoreError("nodes.peer_address: is missing, and the fingerprint is there".into())),
    };
    let wrong = |_| StoreError(format!("nodes.peer_fingerprint: is {} bytes long, not 32", bytes.len()));
    Ok(Some(PeerEndpoint { address, fingerprint: Fingerprint(bytes.try_into().map_err(wrong)?) }))
}

/// Value of a column of `nodes`.
fn column<'a, T: FromSql<'a>>(row: &'a Row, name: &str) -> Result<T, StoreError> {
    row.try_get(name).map_err(|error| StoreError(format!("nodes.{name}: {}", StoreError::from(error))))
}
