//! C14: a shard's ticks never run ahead of real time, wherever it was and whatever the clocks of its owners show.

use std::collections::BTreeMap;

use usher::ids::ShardId;
use usher::store::{Batch, Owner};

use super::must;

/// Tolerance in milliseconds: the first batch took some time to be committed.
const TOLERANCE: u64 = 1_000;

/// Tick of the first batch of each shard, and the time of its commit.
#[derive(Default)]
pub struct Ticks(BTreeMap<ShardId, (u64, u64)>);

impl Ticks {
    pub fn committed(&mut self, shard: ShardId, owner: Owner, batch: &Batch, now: u64) -> Result<(), String> {
        let tick = batch.position.tick.0;
        let (first, at) = *self.0.entry(shard).or_insert((tick, now));
        // Each owner may count one tick for time that nobody measured.
        let most = now - at + TOLERANCE + owner.epoch.0.unsigned_abs();
        must(tick.saturating_sub(first) <= most, || {
            format!("C14 shard {shard} has aged by {} ms in {} ms", tick - first, now - at)
        })
    }
}
