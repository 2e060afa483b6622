//! A histogram of plain atomics: calls count values, scrapes read them.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// A histogram with fixed upper bounds, and one more bucket for everything above the last.
#[derive(Debug)]
pub struct Histogram<const N: usize> {
    /// Upper bounds, inclusive, ascending.
    pub bounds: [u64; N],
    counts: [AtomicU64; N],
    above: AtomicU64,
    sum: AtomicU64,
}

impl<const N: usize> Histogram<N> {
    /// `bounds`: upper bounds, inclusive, ascending.
    #[must_use]
    pub fn new(bounds: [u64; N]) -> Self {
        Self { bounds, counts: [const { AtomicU64::new(0) }; N], above: AtomicU64::new(0), sum: AtomicU64::new(0) }
    }

    /// Counts a value.
    pub fn record(&self, value: u64) {
        let at = self.bounds.partition_point(|bound| *bound < value);
        self.counts.get(at).unwrap_or(&self.above).fetch_add(1, Ordering::Relaxed);
        self.sum.fetch_add(value, Ordering::Relaxed);
    }

    /// Counts a duration in whole microseconds.
    pub fn record_micros(&self, value: Duration) {
        self.record(u64::try_from(value.as_micros()).unwrap_or(u64::MAX));
    }

    /// The number of values at or below each bound (cumulative), and the number of all values.
    #[must_use]
    pub fn cumulated(&self) -> ([u64; N], u64) {
        let mut total = 0;
        let cumulated = std::array::from_fn(|at| {
            total += self.counts[at].load(Ordering::Relaxed);
            total
        });
        (cumulated, total + self.above.load(Ordering::Relaxed))
    }

    /// Sum of all values.
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
