//! The shard's own line of time (R31): never goes back, not even over a restart.

use std::time::Duration;

use crate::clock::Clock;
use crate::ledger::time::{Moment, Tick, Wall};
use crate::store::Position;

#[derive(Debug, Clone, Copy)]
pub(super) struct Timeline {
    base: Tick,
    /// The monotonic clock when `base` was now.
    origin: Duration,
}

impl Timeline {
    /// Goes on where the last batch stood, plus the time that passed since by the wall clock; none if that was
    /// set back. A shard that was never used starts at the wall time.
    pub fn resume(clock: &Clock, position: &Position) -> Self {
        let wall = clock.wall();
        let base = if position.tick == Tick::default() {
            Tick(u64::try_from(wall.0).unwrap_or(0).max(1))
        } else {
            position.tick + wall.since(position.wall)
        };
        Self { base, origin: clock.monotonic() }
    }

    pub fn now(&self, clock: &Clock) -> Moment {
        if planted!(WallClockLeases) {
            return Moment { tick: Tick(clock.wall().0.unsigned_abs()), wall: clock.wall() };
        }
        Moment { tick: self.base + clock.monotonic().saturating_sub(self.origin), wall: clock.wall() }
    }
}

/// Where the shard stands at `now`, as a batch writes it.
pub(super) fn mark(position: &mut Position, now: Moment, wall_high: Wall) {
    position.tick = now.tick;
    position.wall = now.wall;
    position.wall_high = wall_high;
}
