//! Statistics of one shard, counted by its writer and read for metrics. Plain atomics: one figure may be a batch ahead
//! of another.

use std::sync::atomic::AtomicU64;

use crate::histogram::Histogram;

/// Counters and histograms of one shard's writer.
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
    /// Time between two checks of the writer for commits and messages, in microseconds.
    pub step_micros: Histogram<15>,
    /// Start of the step in progress, in microseconds of the monotonic clock; zero: no step is in progress.
    pub step_began_micros: AtomicU64,
    /// Batches whose outcome was unknown at first.
    pub recoveries: AtomicU64,
    /// Attempts at a batch while the store refused all changes.
    pub refusals: AtomicU64,
    /// Denials that were only counted while the store refused changes, because the memory for their events was full.
    pub denials_dropped: AtomicU64,
    /// Times the shard was loaded again after a failure.
    pub reloads: AtomicU64,
    /// How far the wall clock is behind its high-water mark, in milliseconds (R31).
    pub clock_behind_ms: AtomicU64,
    /// Audit events that were deleted because their retention had ended.
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
            step_micros: Histogram::new([
                50, 100, 200, 500, 1_000, 2_000, 3_000, 5_000, 10_000, 20_000, 50_000, 100_000, 500_000, 1_000_000,
                5_000_000,
            ]),
            step_began_micros: AtomicU64::new(0),
            recoveries: AtomicU64::new(0),
            refusals: AtomicU64::new(0),
            denials_dropped: AtomicU64::new(0),
            reloads: AtomicU64::new(0),
            clock_behind_ms: AtomicU64::new(0),
            audit_expired: AtomicU64::new(0),
        }
    }
}
