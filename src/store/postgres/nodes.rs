//! The tables `nodes` and `owners`, on a connection of their own: one request at a time. A request that takes longer
//! than a second fails, and its connection is closed.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::timeout;
use tokio_postgres::{Client, Error, Row, Statement};
use tokio_util::task::AbortOnDropHandle;
use uuid::Uuid;

use super::connection::Connector;
use crate::ids::{Epoch, NodeId, OwnerToken, Seq, ShardId};
use crate::ledger::time::WallTime;
use crate::store::nodes::{
    ClusterSnapshot, FileHashes, LockName, NewNode, NodeHeartbeat, NodeRef, NodeRow, NodeState, OwnerRow,
};
use crate::store::{Owner, StoreError};

/// Time limit for an answer.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(1);

/// A heartbeat is as durable as a batch: one that a failover takes back would make its node look dead, or alive.
const START: &str = "/* usher:start */
    SET idle_in_transaction_session_timeout = '3s';
    SET lock_timeout = '900ms';
    SELECT set_config('synchronous_commit', 'on', false)
    WHERE current_setting('synchronous_commit') IN ('off', 'local')";
const JOIN: &str = "/* usher:join */ WITH gone AS (DELETE FROM nodes n WHERE state = $5
        AND NOT EXISTS (SELECT FROM owners o WHERE o.node_id = n.node_id))
    INSERT INTO nodes (node_id, generation, heartbeat, state, host, version) VALUES ($1, $2, 0, 0, $3, $4)
    ON CONFLICT (node_id) DO NOTHING";
/// One statement, so one round trip: both tables are read at the instant at which the server begins the statement, and
/// the heartbeat is written unless the node was declared dead by then. A row of `shards` is read only if no node owns
/// the shard.
const HEARTBEAT: &str = "/* usher:heartbeat */ WITH sent AS (UPDATE nodes
        SET heartbeat = heartbeat + 1, state = $3, lock_name = $4
        WHERE node_id = $1 AND generation = $2 RETURNING node_id, heartbeat)
    SELECT 0::smallint, shard_id, node_id, generation, token, epoch,
        CASE WHEN node_id IS NULL
            THEN (SELECT ARRAY[s.epoch, s.seq] FROM shards s WHERE s.shard_id = o.shard_id) END,
        CASE WHEN node_id IS NULL THEN (SELECT s.owner_token FROM shards s WHERE s.shard_id = o.shard_id) END,
        NULL::smallint, NULL::text, NULL::text FROM owners o
    UNION ALL
    SELECT 1::smallint, NULL, node_id, generation, NULL,
        coalesce((SELECT s.heartbeat FROM sent s WHERE s.node_id = n.node_id), n.heartbeat),
        NULL, NULL, state, host, lock_name FROM nodes n
    UNION ALL
    SELECT 2::smallint, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL FROM sent";
const DECLARE: &str = "/* usher:declare_dead */ UPDATE nodes SET generation = generation + 1, state = $4
    WHERE node_id = $1 AND generation = $2 AND ($3::bigint IS NULL OR heartbeat = $3)";
const LEAVE: &str = "/* usher:leave */ DELETE FROM nodes WHERE node_id = $1 AND generation = $2";

/// The connection for the tables of nodes, opened when it is first needed.
pub struct Nodes {
    connector: Arc<Connector>,
    connection: Mutex<Option<NodeConnection>>,
    made: AtomicU64,
}

struct NodeConnection {
    client: Client,
    _driver: AbortOnDropHandle<Option<StoreError>>,
    heartbeat: Statement,
    number: u64,
}

impl Nodes {
    pub fn new(connector: Arc<Connector>) -> Self {
        Self { connector, connection: Mutex::new(None), made: AtomicU64::new(0) }
    }

    pub async fn join(&self, new: NewNode) -> Result<(), StoreError> {
        self.run(async |connection| {
            let (NodeRef { id, generation }, dead) = (new.node, NodeState::Dead.code());
            connection.client.execute(JOIN, &[&id.0, &generation, &&*new.host, &new.version, &dead]).await.map(drop)
        })
        .await
    }

    pub async fn heartbeat(&self, heartbeat: NodeHeartbeat) -> Result<ClusterSnapshot, StoreError> {
        self.run(async |connection| {
            let (NodeRef { id, generation }, state) = (heartbeat.node, heartbeat.state.code());
            let lock = heartbeat.lock.as_ref().map(|lock| &*lock.0);
            let rows = connection.client.query(&connection.heartbeat, &[&id.0, &generation, &state, &lock]).await?;
            let mut snapshot =
                ClusterSnapshot { alive: false, nodes: Vec::new(), owners: Vec::new(), connection: connection.number };
            for row in &rows {
                match row.try_get::<_, i16>(0)? {
                    0 => snapshot.owners.push(owner(row)?),
                    1 => snapshot.nodes.push(node(row)?),
                    _ => snapshot.alive = true,
                }
            }
            snapshot.owners.sort_by_key(|row| row.shard);
            Ok(snapshot)
        })
        .await
    }

    pub async fn declare_dead(&self, node: NodeRef, heartbeat: Option<i64>) -> Result<bool, StoreError> {
        self.run(async |connection| {
            let dead = NodeState::Dead.code();
            let written =
                connection.client.execute(DECLARE, &[&node.id.0, &node.generation, &heartbeat, &dead]).await?;
            Ok(written == 1)
        })
        .await
    }

    pub async fn leave(&self, node: NodeRef) -> Result<(), StoreError> {
        self.run(async |connection| connection.client.execute(LEAVE, &[&node.id.0, &node.generation]).await.map(drop))
            .await
    }

    pub async fn close(&self) {
        self.connection.lock().await.take();
    }

    /// Runs a request. The connection is put back only after an answer in time; otherwise it is closed.
    async fn run<T>(&self, job: impl AsyncFnOnce(&NodeConnection) -> Result<T, Error>) -> Result<T, StoreError> {
        let mut held = self.connection.lock().await;
        let kept = held.take().filter(|connection| !connection.client.is_closed());
        let connection = match kept {
            Some(connection) => connection,
            // Connecting takes several round trips, so it gets a second of its own.
            None => self.in_time(self.connect()).await?,
        };
        let answer = self.in_time(async { Ok(job(&connection).await?) }).await?;
        *held = Some(connection);
        Ok(answer)
    }

    async fn in_time<T>(&self, request: impl Future<Output = Result<T, StoreError>>) -> Result<T, StoreError> {
        let late = || StoreError(format!("{}: no answer within a second", self.connector.url()));
        timeout(REQUEST_TIMEOUT, request).await.unwrap_or_else(|_| Err(late()))
    }

    async fn connect(&self) -> Result<NodeConnection, StoreError> {
        let (client, driver) = self.connector.plain().await?;
        client.batch_execute(START).await?;
        let heartbeat = client.prepare(HEARTBEAT).await?;
        let number = self.made.fetch_add(1, Ordering::Relaxed) + 1;
        Ok(NodeConnection { client, _driver: driver, heartbeat, number })
    }
}

fn node_ref(row: &Row) -> Result<Option<NodeRef>, Error> {
    let (id, generation) = (row.try_get::<_, Option<Uuid>>(2)?, row.try_get::<_, Option<i64>>(3)?);
    Ok(id.zip(generation).map(|(id, generation)| NodeRef { id: NodeId(id), generation }))
}

/// An owner that is not a node may have claimed the shard without writing `owners`: then `shards` has the owner.
fn owner(row: &Row) -> Result<OwnerRow, Error> {
    let shard = ShardId(row.try_get::<_, i16>(1)?.cast_unsigned());
    let mut owner = Owner { epoch: Epoch(row.try_get(5)?), token: OwnerToken(row.try_get(4)?) };
    let mut seq = None;
    if let Some([epoch, last]) = row.try_get::<_, Option<Vec<i64>>>(6)?.as_deref() {
        owner = Owner { epoch: Epoch(*epoch), token: OwnerToken(row.try_get(7)?) };
        seq = Some(Seq(*last));
    }
    Ok(OwnerRow { shard, owner, node: node_ref(row)?, seq })
}

fn node(row: &Row) -> Result<NodeRow, Error> {
    Ok(NodeRow {
        node: node_ref(row)?.unwrap_or(NodeRef { id: NodeId(Uuid::nil()), generation: 0 }),
        heartbeat: row.try_get(5)?,
        // An unknown state comes from a newer release, and counts as that of a live node.
        state: NodeState::stored(row.try_get(8)?).unwrap_or(NodeState::Active),
        host: row.try_get(9)?,
        lock: row.try_get::<_, Option<Box<str>>>(10)?.map(LockName),
        version: Box::default(),
        protocol: 0,
        peer: None,
        wall: WallTime::default(),
        files: FileHashes::default(),
    })
}

#[cfg(test)]
mod tests {
    use secrecy::SecretString;
    use tokio::net::TcpListener;

    use super::super::DatabaseUrl;
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_server_that_says_nothing_to_a_new_connection_is_given_up_after_a_second_too() {
        let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("postgres://usher@{}/usher?sslmode=disable", silent.local_addr().unwrap());
        let url = DatabaseUrl::parse(&SecretString::from(url)).unwrap();
        let nodes = Nodes::new(Arc::new(Connector::new(&url)));
        let left = nodes.leave(NodeRef { id: NodeId(Uuid::nil()), generation: 1 });
        let left = timeout(REQUEST_TIMEOUT + Duration::from_millis(1), left).await;
        assert!(left.expect("given up in time").is_err());
    }
}
