//! Detects dead nodes (C3): those whose heartbeat number has not changed for [`NODE_TIMEOUT`], as one observer saw it.

use std::time::Duration;

use super::counts::{Counts, Reads};
use crate::ids::{NodeId, Seq, ShardId};
use crate::store::Owner;
use crate::store::nodes::{ClusterSnapshot, NodeRef, NodeState};

/// Time without a new heartbeat after which a node is declared dead. Longer than [`super::LEASE_DURATION`], which is
/// counted from before the heartbeat was written.
pub const NODE_TIMEOUT: Duration = Duration::from_millis(4_500);
/// Time without a new batch after which an owner that is not a node is considered dead: such an owner answered from
/// memory for 30 seconds after its last batch, and sent a batch every 10 seconds.
pub const LEGACY_OWNER_TIMEOUT: Duration = Duration::from_secs(45);

/// What one observer has read so far.
#[derive(Debug, Default)]
pub struct Observer {
    reads: Reads,
    heartbeats: Counts<NodeId, (i64, i64)>,
    batches: Counts<ShardId, (Owner, Option<Seq>)>,
}

/// Nodes and owners that a read proved dead.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Silent {
    /// Each node with its last heartbeat number.
    pub nodes: Vec<(NodeRef, i64)>,
    /// Shards whose owners are not nodes.
    pub shards: Vec<ShardId>,
}

impl Observer {
    /// Adds a successful read, sent and answered at these boot times.
    pub fn observe(&mut self, snapshot: &ClusterSnapshot, sent: Duration, answered: Duration) -> Silent {
        if !self.reads.follows(snapshot.connection, answered) {
            self.heartbeats.clear();
            self.batches.clear();
        }
        let mut silent = Silent::default();
        let living = snapshot.nodes.iter().filter(|row| row.state != NodeState::Dead);
        self.heartbeats.retain(|id| snapshot.nodes.iter().any(|row| row.node.id == *id));
        for row in living {
            let value = (row.node.generation, row.heartbeat);
            if self.heartbeats.unchanged_for(row.node.id, value, sent, answered) >= NODE_TIMEOUT {
                silent.nodes.push((row.node, row.heartbeat));
            }
        }
        for row in snapshot.owners.iter().filter(|row| row.node.is_none() && !row.owner.token.0.is_nil()) {
            let value = (row.owner, row.seq);
            if self.batches.unchanged_for(row.shard, value, sent, answered) >= LEGACY_OWNER_TIMEOUT {
                silent.shards.push(row.shard);
            }
        }
        silent
    }

    /// The first boot time after `now` at which a read would prove a node dead, if its heartbeat number does not change
    /// until then. So nobody has to wait for a whole interval between two reads.
    #[must_use]
    pub fn next_timeout(&self, now: Duration) -> Option<Duration> {
        let timeouts = self.heartbeats.since().map(|since| since + NODE_TIMEOUT);
        timeouts.filter(|timeout| *timeout > now).min()
    }

    /// Notes that a read failed: what happened in between is unknown.
    pub fn missed(&mut self) {
        self.reads.missed();
    }
}

#[cfg(test)]
mod tests;
