//! Counters of what a node does with its shards, and with calls for those of others. They are plain atomics, which the
//! metrics read; their sums over all nodes are right (C11).

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::histogram::Histogram;

/// Upper bounds of the durations of moves, in microseconds: 300 ms is the goal for a hand-over, 6.5 s for a take-over.
const MOVE_BOUNDS: [u64; 14] = [
    5_000, 10_000, 25_000, 50_000, 100_000, 200_000, 300_000, 500_000, 1_000_000, 2_000_000, 5_000_000, 6_500_000,
    10_000_000, 60_000_000,
];

/// Moves of shards to this node: how many, and how long each shard was without an owner, in microseconds.
pub type Moves = Histogram<14>;

/// What became of a call that was forwarded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Forwarded {
    /// The owner answered, whatever the answer was.
    Answered,
    /// It was not applied: the shard had moved. The call is sent again.
    Moved,
    /// The node to which it was sent could not be reached. The call is sent again.
    Unreached,
    /// Nobody knows whether it was applied.
    Unknown,
    /// The shard had no owner for too long, or too many calls waited for one.
    GaveUp,
}

impl Forwarded {
    pub const ALL: [Forwarded; 5] =
        [Forwarded::Answered, Forwarded::Moved, Forwarded::Unreached, Forwarded::Unknown, Forwarded::GaveUp];

    /// Name in metrics.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Forwarded::Answered => "answered",
            Forwarded::Moved => "moved",
            Forwarded::Unreached => "unreached",
            Forwarded::Unknown => "unknown",
            Forwarded::GaveUp => "gave_up",
        }
    }
}

/// Counters of one node.
#[derive(Debug)]
pub struct OwnershipFigures {
    owned: AtomicU64,
    /// Shards that came here from a node that died or left them.
    pub take_overs: Moves,
    /// Shards that came here from a living node, as planned.
    pub hand_overs: Moves,
    forwarded: [AtomicU64; Forwarded::ALL.len()],
    waiting: AtomicU64,
}

impl Default for OwnershipFigures {
    fn default() -> Self {
        Self {
            owned: AtomicU64::new(0),
            take_overs: Moves::new(MOVE_BOUNDS),
            hand_overs: Moves::new(MOVE_BOUNDS),
            forwarded: Default::default(),
            waiting: AtomicU64::new(0),
        }
    }
}

impl OwnershipFigures {
    /// Sets the number of shards that this node serves.
    pub fn set_owned(&self, shards: usize) {
        self.owned.store(shards as u64, Ordering::Relaxed);
    }

    /// Number of shards that this node serves.
    #[must_use]
    pub fn owned(&self) -> u64 {
        self.owned.load(Ordering::Relaxed)
    }

    /// Counts a shard that this node serves now, after its owner had died. `without_owner`: since this node learned that.
    pub fn took_over(&self, without_owner: Duration) {
        self.take_overs.record_micros(without_owner);
    }

    /// Counts a shard that this node serves now, after a living node had handed it over. `without_owner`: since that
    /// node released it.
    pub fn was_given(&self, without_owner: Duration) {
        self.hand_overs.record_micros(without_owner);
    }

    /// Counts a call, each time that it was sent to another node, or given up.
    pub fn count(&self, outcome: Forwarded) {
        self.forwarded[outcome as usize].fetch_add(1, Ordering::Relaxed);
    }

    /// Number of forwarded calls, by outcome.
    pub fn forwarded(&self) -> impl Iterator<Item = (Forwarded, u64)> {
        Forwarded::ALL.into_iter().map(|outcome| (outcome, self.forwarded[outcome as usize].load(Ordering::Relaxed)))
    }

    /// Counts a call that waits for a shard's owner, until the guard is dropped.
    #[must_use]
    pub fn wait(self: &Arc<Self>) -> Waiting {
        self.waiting.fetch_add(1, Ordering::Relaxed);
        Waiting(Arc::clone(self))
    }

    /// Number of calls that wait for a shard's owner.
    #[must_use]
    pub fn waiting(&self) -> u64 {
        self.waiting.load(Ordering::Relaxed)
    }
}

/// A call that waits for a shard's owner.
#[derive(Debug)]
pub struct Waiting(Arc<OwnershipFigures>);

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_waits_until_its_guard_is_gone() {
        let figures = Arc::new(OwnershipFigures::default());
        let (one, two) = (figures.wait(), figures.wait());
        assert_eq!(figures.waiting(), 2);
        drop(one);
        assert_eq!(figures.waiting(), 1);
        drop(two);
        assert_eq!(figures.waiting(), 0);
    }

    #[test]
    fn each_outcome_is_counted_for_itself() {
        let figures = OwnershipFigures::default();
        for (times, outcome) in (1..).zip(Forwarded::ALL) {
            (0..times).for_each(|_| figures.count(outcome));
        }
        assert_eq!(figures.forwarded().map(|(_, count)| count).collect::<Vec<_>>(), [1, 2, 3, 4, 5]);
        figures.took_over(Duration::from_secs(3));
        figures.was_given(Duration::from_millis(200));
        assert_eq!((figures.take_overs.sum(), figures.hand_overs.sum()), (3_000_000, 200_000));
    }
}
