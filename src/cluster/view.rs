//! View of a node: conclusions from its last successful heartbeat.

use std::collections::BTreeSet;
use std::fmt;

use super::members::Silent;
use crate::ids::ShardId;
use crate::store::nodes::{ClusterSnapshot, NodeRef, NodeState, OwnerRow};
use crate::store::{Owner, StoreError};

/// State of the cluster as of the last successful heartbeat.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct View {
    /// Number of successful heartbeats; 0: there was none.
    pub heartbeats: u64,
    /// This node, as the store knows it.
    pub me: Option<NodeRef>,
    pub claims: Claims,
    /// Shards that this node owns.
    pub mine: BTreeSet<ShardId>,
    /// Another node declared this one dead while it served. Final.
    pub dead: bool,
    /// Number of consecutive failures since the last successful heartbeat, and the last error.
    pub missed: u64,
    pub failure: Option<StoreError>,
}

impl View {
    /// Returns whether a live process owns shards.
    #[must_use]
    pub fn is_standby(&self) -> bool {
        !self.dead && matches!(self.claims, Claims::Blocked(Blocked::Node { .. } | Blocked::Legacy { .. }))
    }
}

/// Answer to whether all shards may be claimed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claims {
    /// All may, each over this owner.
    Free(Vec<(ShardId, Owner)>),
    Blocked(Blocked),
}

impl Default for Claims {
    fn default() -> Self {
        Claims::Blocked(Blocked::NoHeartbeat)
    }
}

/// Reason why the shards may not be claimed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Blocked {
    /// No heartbeat was successful yet.
    NoHeartbeat,
    /// A live node owns a shard.
    Node { shard: ShardId, host: Box<str> },
    /// A process that is not a node owns a shard, and committed a batch not long ago.
    Legacy { shard: ShardId },
}

impl fmt::Display for Blocked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Blocked::NoHeartbeat => f.write_str("the store has not answered yet"),
            Blocked::Node { shard, host } => write!(f, "a process on {host} owns shard {shard}"),
            Blocked::Legacy { shard } => {
                write!(f, "a process of an older release owns shard {shard}, or did so less than 45 seconds ago")
            }
        }
    }
}

/// Decides whether every shard may be claimed: it has no owner, was released, or its owner is a node that is missing or
/// dead, or another process that has been silent. Shards of this node may be claimed, too.
pub fn claims(snapshot: &ClusterSnapshot, me: NodeRef, gone: &[NodeRef], silent: &Silent) -> Claims {
    let mut free = Vec::with_capacity(snapshot.owners.len());
    for row in &snapshot.owners {
        if let Some(blocked) = blocked(row, snapshot, me, gone, silent) {
            return Claims::Blocked(blocked);
        }
        free.push((row.shard, row.owner));
    }
    Claims::Free(free)
}

fn blocked(
    row: &OwnerRow,
    snapshot: &ClusterSnapshot,
    me: NodeRef,
    gone: &[NodeRef],
    silent: &Silent,
) -> Option<Blocked> {
    if row.owner.token.0.is_nil() {
        return None;
    }
    let Some(node) = row.node else {
        return (!silent.shards.contains(&row.shard)).then_some(Blocked::Legacy { shard: row.shard });
    };
    if node == me || gone.contains(&node) {
        return None;
    }
    let alive = |found: &&crate::store::nodes::NodeRow| found.node == node && found.state != NodeState::Dead;
    let owner = snapshot.nodes.iter().find(alive)?;
    Some(Blocked::Node { shard: row.shard, host: owner.host.clone() })
}

/// Shards that the store assigns to this node.
pub fn owned(snapshot: &ClusterSnapshot, me: NodeRef) -> BTreeSet<ShardId> {
    snapshot.owners.iter().filter(|row| row.node == Some(me)).map(|row| row.shard).collect()
}
