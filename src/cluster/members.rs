//! Detects dead nodes: those whose heartbeat number has not changed for [`NODE_TIMEOUT`], as one observer saw it. It
//! uses only the observer's own clock (boot time), and no wall clock.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::ids::{NodeId, Seq, ShardId};
use crate::store::Owner;
use crate::store::nodes::{ClusterSnapshot, NodeRef, NodeState};

/// Time without a new heartbeat after which a node is declared dead. Longer than [`super::LEASE_DURATION`], which is
/// counted from before the heartbeat was written.
pub const NODE_TIMEOUT: Duration = Duration::from_millis(4_500);
/// Maximum time between two reads. After a longer gap the observer itself may have been suspended, so every count
/// begins anew.
pub const MAX_READ_GAP: Duration = Duration::from_millis(1_700);
/// Time without a new batch after which an owner that is not a node is considered dead: such an owner answered from
/// memory for 30 seconds after its last batch, and sent a batch every 10 seconds.
pub const LEGACY_OWNER_TIMEOUT: Duration = Duration::from_secs(45);

/// What one observer has read so far.
#[derive(Debug, Default)]
pub struct Observer {
    connection: u64,
    last: Option<Duration>,
    heartbeats: BTreeMap<NodeId, Unchanged<(i64, i64)>>,
    batches: BTreeMap<ShardId, Unchanged<(Owner, Option<Seq>)>>,
}

/// A value, and since when it has been unchanged.
#[derive(Debug, Clone, Copy)]
struct Unchanged<T> {
    value: T,
    since: Duration,
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
    /// Adds a successful read, sent and answered at these boot times. A count begins when a read is answered and ends
    /// when a later one is sent, so it is never longer than the observer waited.
    pub fn observe(&mut self, snapshot: &ClusterSnapshot, sent: Duration, answered: Duration) -> Silent {
        let interrupted = self.connection != snapshot.connection
            || self.last.is_none_or(|last| answered.saturating_sub(last) > MAX_READ_GAP);
        if interrupted {
            self.heartbeats.clear();
            self.batches.clear();
        }
        (self.connection, self.last) = (snapshot.connection, Some(answered));

        let mut silent = Silent::default();
        let living = snapshot.nodes.iter().filter(|row| row.state != NodeState::Dead);
        self.heartbeats.retain(|id, _| snapshot.nodes.iter().any(|row| row.node.id == *id));
        for row in living {
            let heartbeats = &mut self.heartbeats;
            if unchanged_for(heartbeats, row.node.id, (row.node.generation, row.heartbeat), sent, answered)
                >= NODE_TIMEOUT
            {
                silent.nodes.push((row.node, row.heartbeat));
            }
        }
        for row in snapshot.owners.iter().filter(|row| row.node.is_none() && !row.owner.token.0.is_nil()) {
            let value = (row.owner, row.seq);
            if unchanged_for(&mut self.batches, row.shard, value, sent, answered) >= LEGACY_OWNER_TIMEOUT {
                silent.shards.push(row.shard);
            }
        }
        silent
    }

    /// Notes that a read failed: what happened in between is unknown.
    pub fn missed(&mut self) {
        self.last = None;
    }
}

/// Time for which the value has been unchanged.
fn unchanged_for<K: Ord, V: PartialEq>(
    seen: &mut BTreeMap<K, Unchanged<V>>,
    key: K,
    value: V,
    sent: Duration,
    answered: Duration,
) -> Duration {
    match seen.get(&key) {
        Some(before) if before.value == value => sent.saturating_sub(before.since),
        _ => {
            seen.insert(key, Unchanged { value, since: answered });
            Duration::ZERO
        }
    }
}

#[cfg(test)]
mod tests;
