//! Figures of one shard, counted by its writer and read by whoever shows them. Plain atomics: a reader may see
//! one a batch ahead of another.

use std::sync::atomic::AtomicU64;

use crate::histogram::Histogram;

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
    /// Time between two looks of the writer at commits and messages, in microseconds.
    pub step_micros: Histogram<15>,
    /// When the step under way began, in microseconds of the clock; zero: none is.
    pub step_began_micros: AtomicU64,
    /// Batches whose outcome was unknown at first.
    pub recoveries: AtomicU64,
    /// Attempts at a batch that the store refused for reasons of its own.
    pub refusals: AtomicU64,
    /// Denials whose events were not kept one by one meanwhile.
    pub denials_dropped: AtomicU64,
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
