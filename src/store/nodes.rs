//! Processes that share a store: the table `nodes`, in which each shows that it lives, and the small table `owners`, which
//! says whose each shard is. Claims and releases write `owners`, batches never do: a beat reads it once a second.
//!
//! Only stores that several processes can open have them. The embedded store belongs to the process that has the lock on
//! its folder.

use super::{Owner, StoreError, StoreFuture};
use crate::ids::{NodeId, Seq, ShardId};

/// A node, for as long as nobody declares it dead: that adds a generation, which the node itself does not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeRef {
    pub id: NodeId,
    pub generation: i64,
}

/// What a node says of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NodeState {
    /// It waits for shards, or loads them.
    Joining,
    /// It serves.
    Active,
    /// It is about to end.
    Draining,
    /// Another node declared it dead.
    Dead,
}

impl NodeState {
    /// As it is stored.
    #[must_use]
    pub fn code(self) -> i16 {
        self as i16
    }

    /// `None`: of a newer release.
    #[must_use]
    pub fn stored(code: i16) -> Option<Self> {
        [NodeState::Joining, NodeState::Active, NodeState::Draining, NodeState::Dead]
            .into_iter()
            .find(|state| state.code() == code)
    }
}

/// Names a lock file and the boot of the machine on which it is held: whoever holds the same lock in the same boot knows
/// that the process that held it before is gone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LockName(pub Box<str>);

/// A node that joins.
#[derive(Debug, Clone)]
pub struct NewNode {
    pub node: NodeRef,
    /// The machine's name, for people.
    pub host: Box<str>,
    /// The program's version, for people.
    pub version: &'static str,
}

/// One sign of life.
#[derive(Debug, Clone)]
pub struct NodeBeat {
    pub node: NodeRef,
    pub state: NodeState,
    /// The lock file that the node holds.
    pub lock: Option<LockName>,
}

/// A row of `nodes`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeRow {
    pub node: NodeRef,
    pub beat: i64,
    pub state: NodeState,
    pub host: Box<str>,
    pub lock: Option<LockName>,
}

/// A row of `owners`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OwnerRow {
    pub shard: ShardId,
    /// What a claim compares with. The nil token: it was released.
    pub owner: Owner,
    /// `None` beside a token: a process of a release without nodes claimed it, or a tool.
    pub node: Option<NodeRef>,
    /// The shard's last batch, and only of a shard that no node owns: that is all that such an owner shows.
    pub seq: Option<Seq>,
}

/// What a beat reads, all of it at one instant after the beat was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sighting {
    /// The beat was written. False: the node was declared dead.
    pub alive: bool,
    pub nodes: Vec<NodeRow>,
    pub owners: Vec<OwnerRow>,
    /// Which connection it came by: another one than the last time interrupts what was observed.
    pub connection: u64,
}

/// The tables of processes that share a store. Each request is given up after a second, together with its connection,
/// which belongs to the runtime that makes it: of one process, one runtime asks, one request at a time.
pub trait NodeStore: Send + Sync + 'static {
    /// Writes the node's row, and removes those of dead nodes that own nothing any more.
    fn join(&self, node: NewNode) -> StoreFuture<'_, Result<(), StoreError>>;

    /// Writes the next beat, if the node was not declared dead, and reads who there is and who owns what, in one round
    /// trip. As durable as a batch.
    fn beat(&self, beat: NodeBeat) -> StoreFuture<'_, Result<Sighting, StoreError>>;

    /// Declares a node dead, if it still has this generation and (unless its process is known to be gone) this beat.
    /// Answers whether it is dead by that.
    fn declare_dead(&self, node: NodeRef, beat: Option<i64>) -> StoreFuture<'_, Result<bool, StoreError>>;

    /// Removes the node's row: it owns nothing.
    fn leave(&self, node: NodeRef) -> StoreFuture<'_, Result<(), StoreError>>;
}
