//! Detects stuck writers from outside: a writer that is stuck in a step cannot report it.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::Journal;
use super::slot::Slot;
use crate::ids::{ShardId, ShardRange};

/// Time after which a writer that is still in the same step counts as stuck. Steps take milliseconds.
const STUCK_TIMEOUT: Duration = Duration::from_secs(5);

impl Journal {
    /// The shard whose writer has been in one step for the longest, and for how long, if that is 5 seconds
    /// (`STUCK_TIMEOUT`) or longer. Waiting for the store does not count as a step.
    #[must_use]
    pub fn stuck(&self) -> Option<(ShardId, Duration)> {
        self.stuck_for(STUCK_TIMEOUT, self.shards().into())
    }

    /// Like [`Self::stuck`], for another time, and for some of the shards.
    #[must_use]
    pub fn stuck_for(&self, timeout: Duration, shards: ShardRange) -> Option<(ShardId, Duration)> {
        let now = u64::try_from(self.clock.monotonic().as_micros()).unwrap_or(u64::MAX);
        let age = |slot: &Arc<Slot>| match slot.stats.step_began_micros.load(Ordering::Relaxed) {
            0 => Duration::ZERO,
            began => Duration::from_micros(now.saturating_sub(began)),
        };
        let ages = self.slots.iter().filter(|slot| shards.contains(slot.shard)).map(|slot| (slot.shard, age(slot)));
        ages.max_by_key(|(_, age)| *age).filter(|(_, age)| *age >= timeout)
    }
}
