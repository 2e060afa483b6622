//! Processes that share a store. In the table `nodes` each process records its heartbeats; the small table `owners`
//! contains the owner of each shard. Claims and releases write `owners`, batches never do; each heartbeat reads it,
//! once a second.
//!
//! Only stores that several processes can open have these tables. The embedded store belongs to the process that holds
//! the lock of its directory.

use super::{Owner, StoreError, StoreFuture};
use crate::ids::{NodeId, Seq, ShardId};
use crate::ledger::time::WallTime;

/// Version of what nodes say to each other and expect of each other's rows. Zero: a release whose nodes do not talk.
pub const PROTOCOL: i32 = 1;

/// Reference to a node in one generation. Declaring a node dead increases the generation in the store, so that this
/// reference is no longer valid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeRef {
    pub id: NodeId,
    pub generation: i64,
}

/// State that a node reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NodeState {
    /// The node waits for shards, or loads them.
    Joining,
    /// The node serves.
    Active,
    /// The node is about to end.
    Draining,
    /// Another node declared it dead.
    Dead,
}

impl NodeState {
    /// Code of the state in the store.
    #[must_use]
    pub fn code(self) -> i16 {
        self as i16
    }

    /// `None`: the code comes from a newer release.
    #[must_use]
    pub fn stored(code: i16) -> Option<Self> {
        [NodeState::Joining, NodeState::Active, NodeState::Draining, NodeState::Dead]
            .into_iter()
            .find(|state| state.code() == code)
    }
}

/// Name of a lock file together with the boot id of its machine. A process that gets the same lock in the same boot
/// knows that the previous holder has ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LockName(pub Box<str>);

/// SHA-256 of the certificate (DER) that a node shows to its peers. It is made anew at each start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fingerprint(pub [u8; 32]);

/// Where a node listens for its peers, and how they know that it is this node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PeerEndpoint {
    /// `host:port`.
    pub address: Box<str>,
    pub fingerprint: Fingerprint,
}

/// Hashes of the files that should be the same on every node (C10), in hexadecimal digits. Empty: there is no such file.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FileHashes {
    pub license_keys: Box<str>,
    pub access: Box<str>,
}

/// Values of a node that joins.
#[derive(Debug, Clone)]
pub struct NewNode {
    pub node: NodeRef,
    /// Host name, for display.
    pub host: Box<str>,
    /// Version of the program, for display.
    pub version: &'static str,
    /// [`PROTOCOL`] of the program.
    pub protocol: i32,
    /// `None`: it takes no calls from peers.
    pub peer: Option<PeerEndpoint>,
}

/// One heartbeat of a node.
#[derive(Debug, Clone)]
pub struct NodeHeartbeat {
    pub node: NodeRef,
    pub state: NodeState,
    /// Lock file that the node holds.
    pub lock: Option<LockName>,
    /// Wall clock of the node when it sent the heartbeat: for comparisons by people, never for timeouts.
    pub wall: WallTime,
    pub files: FileHashes,
}

/// A row of `nodes`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeRow {
    pub node: NodeRef,
    /// Number of its last heartbeat.
    pub heartbeat: i64,
    pub state: NodeState,
    pub host: Box<str>,
    pub lock: Option<LockName>,
    pub version: Box<str>,
    /// Zero: a process of a release whose nodes do not talk.
    pub protocol: i32,
    pub peer: Option<PeerEndpoint>,
    /// Wall clock of its last heartbeat; zero before the first one, and of a release
    /// that sends none.
    pub wall: WallTime,
    pub files: FileHashes,
}

/// A row of `owners`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OwnerRow {
    pub shard: ShardId,
    /// Value that a claim compares with. The nil token: the shard was released.
    pub owner: Owner,
    /// `None` together with a token: a process of a release without nodes claimed the shard, or a tool did.
    pub node: Option<NodeRef>,
    /// The shard's last batch, only for a shard that is not owned by a node: it is the only sign of life of such an
    /// owner.
    pub seq: Option<Seq>,
}

/// Tables as a heartbeat reads them, all at one instant after the heartbeat was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClusterSnapshot {
    /// The heartbeat was written. False: the node was declared dead.
    pub alive: bool,
    pub nodes: Vec<NodeRow>,
    pub owners: Vec<OwnerRow>,
    /// Number of the connection. A change of it interrupts the observation of the other nodes.
    pub connection: u64,
}

/// Tables of the processes that share a store. Each request times out after a second, and its connection is closed with
/// it. The connection belongs to the runtime of the request: in one process one runtime makes all requests, one at a
/// time.
pub trait NodeStore: Send + Sync + 'static {
    /// The id under which a node is about to join. Only a simulated store, whose runs repeat each other, says another
    /// than a random one.
    fn new_node_id(&self) -> NodeId {
        NodeId::random()
    }

    /// Writes the node's row, and removes the rows of dead nodes that own nothing. Fails if a newer program migrated the
    /// schema since this one started, and this one may not serve from it (C16).
    fn join(&self, node: NewNode) -> StoreFuture<'_, Result<(), StoreError>>;

    /// Writes the next heartbeat unless the node was declared dead, and reads all nodes and owners, in one round trip.
    /// As durable as a batch.
    fn heartbeat(&self, heartbeat: NodeHeartbeat) -> StoreFuture<'_, Result<ClusterSnapshot, StoreError>>;

    /// Declares a node dead if it still has this generation and this heartbeat number (`None`, if its process is known
    /// to have ended: any number). Returns whether this call made it dead.
    fn declare_dead(&self, node: NodeRef, heartbeat: Option<i64>) -> StoreFuture<'_, Result<bool, StoreError>>;

    /// Removes the row of a node that owns nothing.
    fn leave(&self, node: NodeRef) -> StoreFuture<'_, Result<(), StoreError>>;
}
