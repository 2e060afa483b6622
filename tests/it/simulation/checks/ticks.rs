//! C14: a shard's ticks never run ahead of real time, wherever it was and whatever the clocks of its owners show.

use std::collections::BTreeMap;

use usher::ids::ShardId;
use usher::ledger::time::Tick;
use usher::store::{Batch, Owner};

use super::must;

/// Tolerance in milliseconds: how late a batch is seen for the first time.
const TOLERANCE: u64 = 1_000;

#[derive(Default)]
pub struct Ticks {
    /// When each batch that is not committed yet was seen for the first time, by its tick: its commit may take long.
    sent: BTreeMap<(ShardId, Tick), u64>,
    /// Tick of the first batch of each shard that was committed, and when it was sent.
    first: BTreeMap<ShardId, (u64, u64)>,
}

impl Ticks {
    pub fn sent(&mut self, shard: ShardId, batch: &Batch, now: u64) {
        self.sent.entry((shard, batch.position.tick)).or_insert(now);
    }

    pub fn committed(&mut self, shard: ShardId, owner: Owner, batch: &Batch) -> Result<(), String> {
        let tick = batch.position.tick;
        let sent = *self.sent.get(&(shard, tick)).expect("it was sent");
        self.sent.retain(|(of, at), _| *of != shard || *at > tick);
        let (first, at) = *self.first.entry(shard).or_insert((tick.0, sent));
        // Each owner may count one tick for time that nobody measured.
        let most = sent.saturating_sub(at) + TOLERANCE + owner.epoch.0.unsigned_abs();
        must(tick.0.saturating_sub(first) <= most, || {
            format!("C14 shard {shard} has aged by {} ms in {} ms", tick.0 - first, sent.saturating_sub(at))
        })
    }
}
