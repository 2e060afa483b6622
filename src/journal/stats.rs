//! Figures of one shard, counted by its writer and read by whoever shows them. Plain atomics: a reader may see
//! one a batch ahead of another.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// What a shard's writer counts.
#[derive(Debug)]
pub struct Stats {
    /// Commands decided.
    pub commands: AtomicU64,
    /// Queries answered.
    pub queries: AtomicU64,
    /// Commands per committed batch.
    pub batch_commands: Histogram<10>,
    /// Time from sending a batch to knowing that it is durable, in microseconds.
    pub commit_micros: Histogram<14>,
    /// Batches whose outcome was unknown at first.
    pub recoveries: AtomicU64,
    /// Times the shard was loaded again after a failure.
    pub reloads: AtomicU64,
    /// How far the wall clock is behind its high-water mark, in milliseconds (R31).
    pub clock_behind_ms: AtomicU64,
    /// Audit events that were deleted because their time was over.
    pub audit_expired: AtomicU64,
}

impl Default for Stats {
    fn default() -> Self {
        Self {
            commands: AtomicU64::new(0),
            queries: AtomicU64::new(0),
            batch_commands: Histogram::new([1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000]),
            commit_micros: Histogram::new([
                100, 200, 500, 1_000, 2_000, 5_000, 10_000, 20_000, 50_000, 100_000, 200_000, 500_000, 1_000_000,
                5_000_000,
            ]),
            recoveries: AtomicU64::new(0),
            reloads: AtomicU64::new(0),
            clock_behind_ms: AtomicU64::new(0),
            audit_expired: AtomicU64::new(0),
        }
    }
}

/// A histogram with fixed upper bounds; one more bucket for everything above the last.
#[derive(Debug)]
pub struct Histogram<const N: usize> {
    /// Upper bounds, inclusive, ascending.
    pub bounds: [u64; N],
    counts: [AtomicU64; N],
    above: AtomicU64,
    sum: AtomicU64,
}

impl<const N: usize> Histogram<N> {
    fn new(bounds: [u64; N]) -> Self {
        Self { bounds, counts: [const { AtomicU64::new(0) }; N], above: AtomicU64::new(0), sum: AtomicU64::new(0) }
    }

    pub(super) fn record(&self, value: u64) {
        let at = self.bounds.partition_point(|bound| *bound < value);
        self.counts.get(at).unwrap_or(&self.above).fetch_add(1, Ordering::Relaxed);
        self.sum.fetch_add(value, Ordering::Relaxed);
    }

    pub(super) fn record_micros(&self, value: Duration) {
        self.record(u64::try_from(value.as_micros()).unwrap_or(u64::MAX));
    }

    /// How many values fell at or below each bound, cumulated, and how many there are in all.
    #[must_use]
    pub fn cumulated(&self) -> ([u64; N], u64) {
        let mut total = 0;
        let cumulated = std::array::from_fn(|at| {
            total += self.counts[at].load(Ordering::Relaxed);
            total
        });
        (cumulated, total + self.above.load(Ordering::Relaxed))
    }

    #[must_use]
    pub fn sum(&self) -> u64 {
        self.sum.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_falls_into_the_first_bucket_that_holds_it() {
        let histogram = Histogram::new([1, 10]);
        for value in [1, 2, 10, 11] {
            histogram.record(value);
        }
        assert_eq!(histogram.cumulated(), ([1, 3], 4));
        assert_eq!(histogram.sum(), 24);
    }
}
