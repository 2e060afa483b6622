//! Since when shards have been without an owner, as far as this node knows, for metrics.

use std::time::Duration;

use crate::cluster::{Owners, OwnershipFigures};
use crate::ids::ShardId;

/// Why a shard has no owner.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Gap {
    /// Its owner died, or has left it, at this boot time or later.
    Left(Duration),
    /// Its owner released it to this node.
    Given(Duration),
}

/// The gaps of all shards.
pub(super) struct Unowned(Box<[Option<Gap>]>);

impl Unowned {
    pub fn new(shards: u16) -> Self {
        Self((0..shards).map(|_| None).collect())
    }

    /// Takes over what a heartbeat has read.
    pub fn see(&mut self, owners: &Owners, now: Duration) {
        for ((_, known), gap) in owners.all().into_iter().zip(&mut self.0) {
            *gap = match known.node {
                Some(_) => None,
                None => gap.or(Some(Gap::Left(now))),
            };
        }
    }

    /// Notes that the owner of the shard has released it to this node.
    pub fn was_given(&mut self, shard: ShardId, now: Duration) {
        if let Some(gap) = self.0.get_mut(usize::from(shard.0)) {
            *gap = Some(Gap::Given(now));
        }
    }

    /// Counts the shard, which this node serves now.
    pub fn ended(&mut self, shard: ShardId, now: Duration, figures: &OwnershipFigures) {
        match self.0.get_mut(usize::from(shard.0)).and_then(Option::take) {
            Some(Gap::Left(since)) => figures.took_over(now.saturating_sub(since)),
            Some(Gap::Given(since)) => figures.was_given(now.saturating_sub(since)),
            None => figures.took_over(Duration::ZERO),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::KnownOwner;
    use crate::ids::{Epoch, NodeId};
    use crate::store::nodes::NodeRef;

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn a_gap_counts_from_when_it_was_first_seen() {
        let (owners, figures) = (Owners::new(2), OwnershipFigures::default());
        let mut unowned = Unowned::new(2);
        unowned.see(&owners, seconds(10));
        unowned.see(&owners, seconds(11));
        unowned.ended(ShardId(0), seconds(13), &figures);
        assert_eq!((figures.take_overs.sum(), figures.hand_overs.sum()), (3_000_000, 0));
        unowned.was_given(ShardId(1), seconds(20));
        unowned.ended(ShardId(1), seconds(21), &figures);
        assert_eq!((figures.take_overs.sum(), figures.hand_overs.sum()), (3_000_000, 1_000_000));
        let node = Some(NodeRef { id: NodeId::random(), generation: 1 });
        owners.learn(ShardId(0), KnownOwner { epoch: Epoch(1), node });
        unowned.see(&owners, seconds(30));
        owners.learn(ShardId(0), KnownOwner { epoch: Epoch(1), node: None });
        unowned.see(&owners, seconds(40));
        unowned.ended(ShardId(0), seconds(40), &figures);
        assert_eq!(figures.take_overs.sum(), 3_000_000, "the gap before it had an owner is over");
    }
}
