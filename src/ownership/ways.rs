//! Nodes by which calls did not arrive a moment ago: they are passed over for a while.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::ids::{NodeId, ShardId};

/// Time for which a node that could not be reached is reached through others.
const UNREACHED_TIME: Duration = Duration::from_secs(3);
/// Time for which a node that did not bring a call to the owner of its shard is not asked for that shard again.
const REFUSED_TIME: Duration = Duration::from_secs(1);

#[derive(Debug, Default)]
pub(super) struct Ways(Mutex<Failed>);

#[derive(Debug, Default)]
struct Failed {
    /// Nodes that could not be reached, and when.
    unreached: BTreeMap<NodeId, Instant>,
    /// Nodes that did not bring a call to the owner of its shard, and when.
    refused: BTreeMap<(ShardId, NodeId), Instant>,
}

impl Ways {
    /// Notes that a node could not be reached.
    pub fn not_reached(&self, node: NodeId) {
        let mut failed = self.failed();
        failed.unreached.retain(|_, at| at.elapsed() < UNREACHED_TIME);
        failed.unreached.insert(node, Instant::now());
    }

    /// Notes that a node did not bring a call to the owner of the shard.
    pub fn refused(&self, shard: ShardId, node: NodeId) {
        let mut failed = self.failed();
        failed.refused.retain(|_, at| at.elapsed() < REFUSED_TIME);
        failed.refused.insert((shard, node), Instant::now());
    }

    /// Returns whether a node may be reached.
    pub fn reaches(&self, node: NodeId) -> bool {
        self.failed().unreached.get(&node).is_none_or(|at| at.elapsed() >= UNREACHED_TIME)
    }

    /// Returns whether a node may bring a call to the owner of the shard.
    pub fn brings(&self, shard: ShardId, node: NodeId) -> bool {
        let refused = self.failed().refused.get(&(shard, node)).is_some_and(|at| at.elapsed() < REFUSED_TIME);
        !refused && self.reaches(node)
    }

    fn failed(&self) -> MutexGuard<'_, Failed> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_node_is_passed_over_for_a_while() {
        let (ways, node, other) = (Ways::default(), NodeId::random(), NodeId::random());
        let (shard, next) = (ShardId(0), ShardId(1));
        assert!(ways.reaches(node) && ways.brings(shard, node));
        ways.not_reached(node);
        ways.refused(shard, other);
        assert!(!ways.reaches(node) && !ways.brings(next, node));
        assert!(ways.reaches(other) && ways.brings(next, other) && !ways.brings(shard, other));
        tokio::time::advance(REFUSED_TIME).await;
        assert!(ways.brings(shard, other) && !ways.reaches(node));
        tokio::time::advance(UNREACHED_TIME - REFUSED_TIME).await;
        assert!(ways.brings(shard, node));
    }
}
