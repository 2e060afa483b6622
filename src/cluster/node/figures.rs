//! Counters of a node.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Statistics of a node, for metrics.
#[derive(Debug, Clone, Copy, Default)]
pub struct NodeFigures {
    /// Successful heartbeats.
    pub heartbeats: u64,
    pub missed: u64,
    /// Time since the last successful heartbeat was sent.
    pub age: Duration,
    /// Number of other nodes that this node declared dead.
    pub declared_dead: u64,
    /// Number of times that others declared this node dead, so that it joined anew.
    pub rejoined: u64,
}

impl NodeFigures {
    /// The figures of a process that is a node of several cells: sums, and the oldest heartbeat.
    #[must_use]
    pub fn of_cells(cells: impl IntoIterator<Item = NodeFigures>) -> Self {
        cells.into_iter().fold(Self::default(), |sum, cell| Self {
            heartbeats: sum.heartbeats + cell.heartbeats,
            missed: sum.missed + cell.missed,
            age: sum.age.max(cell.age),
            declared_dead: sum.declared_dead + cell.declared_dead,
            rejoined: sum.rejoined + cell.rejoined,
        })
    }
}

#[derive(Debug, Default)]
pub(super) struct Stats {
    pub heartbeats: AtomicU64,
    pub missed: AtomicU64,
    pub declared_dead: AtomicU64,
    pub rejoined: AtomicU64,
    /// Time at which the last successful heartbeat was sent, in milliseconds of boot time; 0: there was none.
    last_good: AtomicU64,
}

impl Stats {
    /// Notes that a heartbeat was successful, which was sent at this boot time.
    pub fn succeeded(&self, sent: Duration) {
        self.last_good.store(u64::try_from(sent.as_millis()).unwrap_or(u64::MAX).max(1), Ordering::Relaxed);
    }

    pub fn age(&self, now: Duration) -> Option<Duration> {
        let last = Some(self.last_good.load(Ordering::Relaxed)).filter(|last| *last > 0)?;
        Some(now.saturating_sub(Duration::from_millis(last)))
    }

    pub fn figures(&self, now: Duration) -> NodeFigures {
        let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        NodeFigures {
            heartbeats: count(&self.heartbeats),
            missed: count(&self.missed),
            age: self.age(now).unwrap_or_default(),
            declared_dead: count(&self.declared_dead),
            rejoined: count(&self.rejoined),
        }
    }
}

pub(super) fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}
