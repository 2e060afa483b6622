//! Owner of each shard, as far as this process knows: from its own heartbeats, and from what its peers say.

use std::pin::pin;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use crate::ids::{Epoch, ShardId};
use crate::store::nodes::{ClusterSnapshot, NodeRef, NodeRow, NodeState, OwnerRow};

/// What is known of a shard's owner.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct KnownOwner {
    /// Number of the claim by which the shard got this owner.
    pub epoch: Epoch,
    /// `None`: the owner has released the shard, or is no living node; or nothing is known.
    pub node: Option<NodeRef>,
}

impl KnownOwner {
    /// Each claim adds one to the epoch, and a claim is followed by its end. So at one epoch the end is the newer fact.
    fn supersedes(self, other: KnownOwner) -> bool {
        self.epoch > other.epoch || self.epoch == other.epoch && self.node.is_none() && other.node.is_some()
    }
}

/// The owners of all shards.
#[derive(Debug)]
pub struct Owners {
    shards: Box<[Shard]>,
}

#[derive(Debug, Default)]
struct Shard {
    owner: Mutex<KnownOwner>,
    /// Whoever waits for a change goes on in the order in which they came.
    changed: Notify,
}

impl Shard {
    fn owner(&self) -> MutexGuard<'_, KnownOwner> {
        self.owner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Owners {
    #[must_use]
    pub fn new(shards: u16) -> Self {
        Self { shards: (0..shards).map(|_| Shard::default()).collect() }
    }

    /// The shard's owner. Of a shard that does not exist nothing is known.
    #[must_use]
    pub fn of(&self, shard: ShardId) -> KnownOwner {
        self.shards.get(usize::from(shard.0)).map(|shard| *shard.owner()).unwrap_or_default()
    }

    /// The owner of each shard.
    #[must_use]
    pub fn all(&self) -> Vec<(ShardId, KnownOwner)> {
        (0..).map(ShardId).zip(self.shards.iter().map(|shard| *shard.owner())).collect()
    }

    /// Adds what is known of a shard's owner. Returns whether it is news.
    pub fn learn(&self, shard: ShardId, known: KnownOwner) -> bool {
        let Some(shard) = self.shards.get(usize::from(shard.0)) else { return false };
        let newer = {
            let mut owner = shard.owner();
            let newer = known.supersedes(*owner);
            *owner = if newer { known } else { *owner };
            newer
        };
        if newer {
            shard.changed.notify_waiters();
        }
        newer
    }

    /// Adds what a heartbeat has read.
    pub fn learn_all(&self, snapshot: &ClusterSnapshot) {
        for row in &snapshot.owners {
            self.learn(row.shard, KnownOwner { epoch: row.owner.epoch, node: owner(row, &snapshot.nodes) });
        }
    }

    /// Waits until something else than `seen` is known of the shard's owner. Safe to cancel.
    pub async fn changed(&self, shard: ShardId, seen: KnownOwner) {
        let Some(shard) = self.shards.get(usize::from(shard.0)) else { return std::future::pending().await };
        loop {
            // Registered before the look, so that no change in between is missed.
            let mut changed = pin!(shard.changed.notified());
            changed.as_mut().enable();
            if *shard.owner() != seen {
                return;
            }
            changed.await;
        }
    }
}

/// The owner of a shard, if it has one: a node that is dead or not there owns nothing (C1).
pub(super) fn owner(row: &OwnerRow, nodes: &[NodeRow]) -> Option<NodeRef> {
    let lives = |node: &NodeRef| nodes.iter().any(|row| row.node == *node && row.state != NodeState::Dead);
    row.node.filter(|node| !row.owner.token.0.is_nil() && lives(node))
}

#[cfg(test)]
mod tests {
    use super::super::tests::{node, snapshot};
    use super::*;
    use futures_util::FutureExt;

    const SHARD: ShardId = ShardId(0);

    fn owned(epoch: i64, name: &str) -> KnownOwner {
        KnownOwner { epoch: Epoch(epoch), node: Some(node(name)) }
    }

    fn nobody(epoch: i64) -> KnownOwner {
        KnownOwner { epoch: Epoch(epoch), node: None }
    }

    #[test]
    fn the_higher_epoch_wins_and_at_one_epoch_the_release() {
        let owners = Owners::new(1);
        for (known, news, then) in [
            (owned(3, "a"), true, owned(3, "a")),
            (owned(2, "b"), false, owned(3, "a")),
            (nobody(2), false, owned(3, "a")),
            (owned(3, "b"), false, owned(3, "a")),
            (nobody(3), true, nobody(3)),
            (owned(3, "a"), false, nobody(3)),
            (nobody(3), false, nobody(3)),
            (owned(4, "b"), true, owned(4, "b")),
        ] {
            assert_eq!(owners.learn(SHARD, known), news, "{known:?}");
            assert_eq!(owners.of(SHARD), then, "after {known:?}");
        }
    }

    #[test]
    fn a_heartbeat_reads_that_the_dead_and_the_absent_own_nothing() {
        let owners = Owners::new(6);
        owners.learn_all(&snapshot("a b:dead", "a b c -> ->a legacy"));
        let names: Vec<_> = owners.all().into_iter().map(|(_, known)| known.node).collect();
        assert_eq!(names, [Some(node("a")), None, None, None, None, None]);
    }

    #[test]
    fn nothing_is_known_of_a_shard_that_does_not_exist() {
        let owners = Owners::new(1);
        assert!(!owners.learn(ShardId(1), owned(1, "a")));
        assert_eq!(owners.of(ShardId(1)), KnownOwner::default());
        assert_eq!(owners.of(ShardId(0)), KnownOwner { epoch: Epoch(0), node: None });
    }

    #[tokio::test]
    async fn who_waits_for_a_change_misses_none() {
        let owners = Owners::new(2);
        let seen = owners.of(SHARD);
        assert!(owners.changed(SHARD, seen).now_or_never().is_none());
        owners.learn(ShardId(1), owned(1, "a"));
        assert!(owners.changed(SHARD, seen).now_or_never().is_none(), "another shard");
        let mut waiting = Box::pin(owners.changed(SHARD, seen));
        assert!(waiting.as_mut().now_or_never().is_none());
        owners.learn(SHARD, owned(1, "a"));
        waiting.await;
        owners.changed(SHARD, seen).await;
    }
}
