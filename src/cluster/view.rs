//! What a node makes of its last good beat.

use std::collections::BTreeSet;
use std::fmt;

use super::members::Silent;
use crate::ids::ShardId;
use crate::store::nodes::{NodeRef, NodeState, OwnerRow, Sighting};
use crate::store::{Owner, StoreError};

/// What a node knows since its last good beat.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct View {
    /// Grows with each good beat; 0: there was none.
    pub beats: u64,
    /// This node, as the store knows it.
    pub me: Option<NodeRef>,
    pub claims: Claims,
    /// Shards that are this node's.
    pub mine: BTreeSet<ShardId>,
    /// Another node declared this one dead while it served. For good.
    pub dead: bool,
    /// Beats that failed since, one after the other, and why the last one did.
    pub missed: u64,
    pub failure: Option<StoreError>,
}

impl View {
    /// Another process owns shards, and lives.
    #[must_use]
    pub fn is_standby(&self) -> bool {
        !self.dead && matches!(self.claims, Claims::Blocked(Blocked::Node { .. } | Blocked::Legacy { .. }))
    }
}

/// Whether all shards may be claimed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claims {
    /// Each over this owner.
    Free(Vec<(ShardId, Owner)>),
    Blocked(Blocked),
}

impl Default for Claims {
    fn default() -> Self {
        Claims::Blocked(Blocked::NoBeat)
    }
}

/// Why they may not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Blocked {
    /// Nothing was read yet.
    NoBeat,
    /// The node owns a shard, and lives.
    Node { shard: ShardId, host: Box<str> },
    /// A process that is no node owns a shard, and committed a batch not long ago.
    Legacy { shard: ShardId },
}

impl fmt::Display for Blocked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Blocked::NoBeat => f.write_str("the store has not answered yet"),
            Blocked::Node { shard, host } => write!(f, "a process on {host} owns shard {shard}"),
            Blocked::Legacy { shard } => {
                write!(f, "a process of an older release owns shard {shard}, or did so less than 45 seconds ago")
            }
        }
    }
}

/// Whether every shard may be claimed: of nobody, released, of a node that is not there or dead, or of somebody else who
/// has been silent. What this node owns itself may be claimed, too.
pub fn claims(sighting: &Sighting, me: NodeRef, gone: &[NodeRef], silent: &Silent) -> Claims {
    let mut free = Vec::with_capacity(sighting.owners.len());
    for row in &sighting.owners {
        if let Some(blocked) = blocked(row, sighting, me, gone, silent) {
            return Claims::Blocked(blocked);
        }
        free.push((row.shard, row.owner));
    }
    Claims::Free(free)
}

fn blocked(row: &OwnerRow, sighting: &Sighting, me: NodeRef, gone: &[NodeRef], silent: &Silent) -> Option<Blocked> {
    if row.owner.token.0.is_nil() || planted!(ClaimOverTheLiving) {
        return None;
    }
    let Some(node) = row.node else {
        return (!silent.shards.contains(&row.shard)).then_some(Blocked::Legacy { shard: row.shard });
    };
    if node == me || gone.contains(&node) {
        return None;
    }
    let alive = |found: &&crate::store::nodes::NodeRow| found.node == node && found.state != NodeState::Dead;
    let owner = sighting.nodes.iter().find(alive)?;
    Some(Blocked::Node { shard: row.shard, host: owner.host.clone() })
}

/// The shards that the store gives to this node.
pub fn owned(sighting: &Sighting, me: NodeRef) -> BTreeSet<ShardId> {
    sighting.owners.iter().filter(|row| row.node == Some(me)).map(|row| row.shard).collect()
}
