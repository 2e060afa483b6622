//! The tables `nodes` and `owners`, on a connection of their own: one request at a time. A request that takes longer
//! than a second fails, and its connection is closed.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::timeout;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Statement};
use tokio_util::task::AbortOnDropHandle;

use super::connection::Connector;
use super::heartbeat::{self, HEARTBEAT};
use super::schema;
use crate::store::StoreError;
use crate::store::nodes::{ClusterSnapshot, NewNode, NodeHeartbeat, NodeRef, NodeState};

/// Time limit for an answer.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(1);

/// A heartbeat is as durable as a batch: one that a failover takes back would make its node look dead, or alive.
const START: &str = "/* usher:start */
    SET idle_in_transaction_session_timeout = '3s';
    SET lock_timeout = '900ms';
    SELECT set_config('synchronous_commit', 'on', false)
    WHERE current_setting('synchronous_commit') IN ('off', 'local')";
/// One statement. The node does not join if a newer program migrated the schema since this one started, such that this
/// one may not serve from it.
const JOIN: &str = "/* usher:join */ WITH gone AS (DELETE FROM nodes n WHERE state = $8
        AND NOT EXISTS (SELECT FROM owners o WHERE o.node_id = n.node_id)),
    fits AS (SELECT NOT EXISTS (SELECT FROM compatibility WHERE oldest_program > $9) AS fits),
    joined AS (INSERT INTO nodes (node_id, generation, heartbeat, state, host, version, protocol, peer_address,
            peer_fingerprint)
        SELECT $1::uuid, $2::bigint, 0, 0, $3::text, $4::text, $5::integer, $6::text, $7::bytea FROM fits WHERE fits
        ON CONFLICT (node_id) DO NOTHING)
    SELECT fits FROM fits";
const TOO_OLD: &str = "a newer program migrated the schema, and this program may not serve from it: use the newer one";
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
        let NewNode { node: NodeRef { id, generation }, host, version, protocol, peer } = new;
        let address = peer.as_ref().map(|peer| &*peer.address);
        let fingerprint = peer.as_ref().map(|peer| peer.fingerprint.0.as_slice());
        let (dead, known) = (NodeState::Dead.code(), schema::known_version());
        self.run(async |connection| {
            let values: [&(dyn ToSql + Sync); 9] =
                [&id.0, &generation, &host, &version, &protocol, &address, &fingerprint, &dead, &known];
            let fits: bool = connection.client.query_one(JOIN, &values).await?.try_get(0)?;
            fits.then_some(()).ok_or_else(|| StoreError(format!("{TOO_OLD}; it knows schema version {known}")))
        })
        .await
    }

    pub async fn heartbeat(&self, heartbeat: NodeHeartbeat) -> Result<ClusterSnapshot, StoreError> {
        let values = heartbeat::Values::new(heartbeat);
        self.run(async |connection| {
            let rows = connection.client.query(&connection.heartbeat, &values.all()).await?;
            heartbeat::snapshot(&rows, connection.number)
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
        self.run(async |connection| {
            connection.client.execute(LEAVE, &[&node.id.0, &node.generation]).await?;
            Ok(())
        })
        .await
    }

    pub async fn close(&self) {
        self.connection.lock().await.take();
    }

    /// Runs a request. The connection is put back only after an answer in time; otherwise it is closed.
    async fn run<T>(&self, job: impl AsyncFnOnce(&NodeConnection) -> Result<T, StoreError>) -> Result<T, StoreError> {
        let mut held = self.connection.lock().await;
        let kept = held.take().filter(|connection| !connection.client.is_closed());
        let connection = match kept {
            Some(connection) => connection,
            // Connecting takes several round trips, so it gets a second of its own.
            None => self.in_time(self.connect()).await?,
        };
        let answer = self.in_time(job(&connection)).await?;
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

#[cfg(test)]
mod tests {
    use secrecy::SecretString;
    use tokio::net::TcpListener;
    use uuid::Uuid;

    use super::super::DatabaseUrl;
    use super::*;
    use crate::ids::NodeId;

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
