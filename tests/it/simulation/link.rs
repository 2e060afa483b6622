//! One process's connection to the simulated store: requests wait here until the simulation takes them, and get their
//! answers when the simulation sends them.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use usher::ids::{NodeId, ShardId};
use usher::ledger::change::Change;
use usher::ledger::time::WallTime;
use usher::store::nodes::{ClusterSnapshot, NewNode, NodeHeartbeat, NodeRef, NodeStore};
use usher::store::{
    AuditPage, AuditQuery, Batch, ClaimError, Claimant, CommitError, Expired, Installation, LoadPart, Owner, Position,
    ReadError, Store, StoreError, StoreFuture,
};

use super::test_data::SHARDS;

pub type Claimed = Result<(Owner, Position), ClaimError>;

/// Owner, position and rows of a shard, as of one moment.
pub type Loaded = (Owner, Position, Vec<Change>);

pub enum Request {
    Claim { shard: ShardId, over: Option<Owner>, by: Claimant, reply: oneshot::Sender<Claimed> },
    Load { shard: ShardId, reply: oneshot::Sender<Result<Loaded, ReadError>> },
    Commit { shard: ShardId, owner: Owner, batch: Arc<Batch>, reply: oneshot::Sender<Result<(), CommitError>> },
    Release { shard: ShardId, owner: Owner, to: Option<NodeRef>, reply: oneshot::Sender<bool> },
    Join { new: NewNode, reply: oneshot::Sender<()> },
    Beat { heartbeat: NodeHeartbeat, reply: oneshot::Sender<ClusterSnapshot> },
    DeclareDead { node: NodeRef, heartbeat: Option<i64>, reply: oneshot::Sender<bool> },
    Leave { node: NodeRef, reply: oneshot::Sender<()> },
}

#[derive(Clone, Default)]
pub struct Link {
    request: Arc<Mutex<Vec<Request>>>,
    /// Number of the node's connections that were given up.
    broken: Arc<AtomicU64>,
}

/// Limit of a node's wait for an answer.
const NODE_TIMEOUT: Duration = Duration::from_secs(1);

/// A load delivers rows in chunks, as a real store does.
const CHUNK: usize = 7;

impl Link {
    /// Takes the requests since the last time.
    pub fn take(&self) -> Vec<Request> {
        std::mem::take(&mut self.request.lock().expect("one thread"))
    }

    fn send<T>(&self, make: impl FnOnce(oneshot::Sender<T>) -> Request) -> oneshot::Receiver<T> {
        let (reply, answer) = oneshot::channel();
        self.request.lock().expect("one thread").push(make(reply));
        answer
    }

    /// Sends a node's request; after a second it is given up, together with its connection.
    async fn send_in_time<T>(&self, make: impl FnOnce(oneshot::Sender<T>) -> Request) -> Result<T, StoreError> {
        match tokio::time::timeout(NODE_TIMEOUT, self.send(make)).await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(_)) | Err(_) => {
                self.broken.fetch_add(1, Relaxed);
                Err(lost())
            }
        }
    }
}

pub fn lost() -> StoreError {
    StoreError("connection lost".into())
}

impl Store for Link {
    fn installation(&self, wanted: Installation) -> StoreFuture<'_, Result<Installation, ReadError>> {
        Box::pin(async move { Ok(Installation { shards: SHARDS, ..wanted }) })
    }

    fn claim(&self, shard: ShardId, over: Option<Owner>, by: Claimant) -> StoreFuture<'_, Claimed> {
        Box::pin(async move {
            let answer = self.send(|reply| Request::Claim { shard, over, by, reply }).await;
            answer.unwrap_or_else(|_| Err(ClaimError::Unavailable(lost())))
        })
    }

    fn load(&self, shard: ShardId, rows: mpsc::Sender<Vec<Change>>) -> StoreFuture<'_, Result<(), ReadError>> {
        Box::pin(async move {
            let loaded =
                self.send(|reply| Request::Load { shard, reply }).await.unwrap_or_else(|_| Err(lost().into()))?;
            for chunk in loaded.2.chunks(CHUNK) {
                rows.send(chunk.to_vec()).await.map_err(|_| StoreError("nobody takes the rows".into()))?;
            }
            Ok(())
        })
    }

    fn load_ahead(&self, shard: ShardId, parts: mpsc::Sender<LoadPart>) -> StoreFuture<'_, Result<(), ReadError>> {
        Box::pin(async move {
            let loaded =
                self.send(|reply| Request::Load { shard, reply }).await.unwrap_or_else(|_| Err(lost().into()))?;
            let (owner, position, rows) = loaded;
            let rows = rows.chunks(CHUNK).map(|chunk| LoadPart::Rows(chunk.to_vec()));
            for part in std::iter::once(LoadPart::Position(owner, Box::new(position))).chain(rows) {
                parts.send(part).await.map_err(|_| StoreError("nobody takes the rows".into()))?;
            }
            Ok(())
        })
    }

    fn commit(&self, shard: ShardId, owner: Owner, batch: Arc<Batch>) -> StoreFuture<'_, Result<(), CommitError>> {
        Box::pin(async move {
            let answer = self.send(|reply| Request::Commit { shard, owner, batch, reply }).await;
            answer.unwrap_or_else(|_| Err(CommitError::Unknown(lost())))
        })
    }

    fn audit(&self, _query: AuditQuery) -> StoreFuture<'_, Result<AuditPage, StoreError>> {
        Box::pin(async { Err(StoreError("the simulation reads the audit itself".into())) })
    }

    fn expire_audit(
        &self,
        _: ShardId,
        _: WallTime,
        _: Duration,
        _: usize,
    ) -> StoreFuture<'_, Result<Expired, StoreError>> {
        Box::pin(async { Err(StoreError("the simulation keeps the audit for ever".into())) })
    }

    fn release(&self, shard: ShardId, owner: Owner, to: Option<NodeRef>) -> StoreFuture<'_, Result<bool, StoreError>> {
        Box::pin(
            async move { self.send(|reply| Request::Release { shard, owner, to, reply }).await.map_err(|_| lost()) },
        )
    }

    fn close(&self) -> StoreFuture<'_, ()> {
        Box::pin(async {})
    }
}

impl NodeStore for Link {
    fn new_node_id(&self) -> NodeId {
        super::test_data::fresh_node()
    }

    fn join(&self, new: NewNode) -> StoreFuture<'_, Result<(), StoreError>> {
        Box::pin(self.send_in_time(|reply| Request::Join { new, reply }))
    }

    fn heartbeat(&self, heartbeat: NodeHeartbeat) -> StoreFuture<'_, Result<ClusterSnapshot, StoreError>> {
        Box::pin(async move {
            let connection = self.broken.load(Relaxed);
            let sighting = self.send_in_time(|reply| Request::Beat { heartbeat, reply }).await?;
            Ok(ClusterSnapshot { connection, ..sighting })
        })
    }

    fn declare_dead(&self, node: NodeRef, heartbeat: Option<i64>) -> StoreFuture<'_, Result<bool, StoreError>> {
        Box::pin(self.send_in_time(move |reply| Request::DeclareDead { node, heartbeat, reply }))
    }

    fn leave(&self, node: NodeRef) -> StoreFuture<'_, Result<(), StoreError>> {
        Box::pin(self.send_in_time(move |reply| Request::Leave { node, reply }))
    }
}
