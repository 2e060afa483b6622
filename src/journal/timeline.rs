//! The shard's own line of time (R31): never goes back, not even over a restart.

use std::time::Duration;

use crate::clock::Clock;
use crate::ledger::continuity::Continuity;
use crate::ledger::time::{Gap, Moment, Tick, Wall};
use crate::store::Position;

#[derive(Debug, Clone, Copy)]
pub(super) struct Timeline {
    base: Tick,
    /// The monotonic clock when `base` was now.
    origin: Duration,
    continuity: Continuity,
    gaps: &'static [Gap],
}

impl Timeline {
    /// Goes on where the last batch stood, plus the time that passed since, if the machine can tell: see
    /// [`Continuity::resume`]. A shard that was never used starts at the wall time.
    pub fn resume(clock: &Clock, position: &Position) -> Self {
        let (wall, boot) = (clock.wall(), clock.boot());
        let (base, continuity) = if position.tick == Tick::default() {
            (Tick(u64::try_from(wall.0).unwrap_or(0).max(1)), Continuity::new(boot, &[]))
        } else {
            position.continuity.resume((position.tick, position.wall), wall, boot)
        };
        Self { base, origin: clock.monotonic(), continuity, gaps: continuity.gaps_for_good() }
    }

    pub fn gaps(&self) -> &'static [Gap] {
        self.gaps
    }

    /// As a batch writes it now.
    pub fn continuity(&self, clock: &Clock) -> Continuity {
        let mut continuity = self.continuity;
        continuity.boot = clock.boot();
        continuity
    }

    pub fn now(&self, clock: &Clock) -> Moment {
        if planted!(WallClockLeases) {
            return Moment::new(Tick(clock.wall().0.unsigned_abs()), clock.wall());
        }
        let tick = self.base + clock.monotonic().saturating_sub(self.origin);
        Moment { gaps: self.gaps, ..Moment::new(tick, clock.wall()) }
    }
}

/// Where the shard stands at `now`, as a batch writes it.
pub(super) fn mark(position: &mut Position, now: Moment, wall_high: Wall, continuity: Continuity) {
    position.tick = now.tick;
    position.wall = now.wall;
    position.wall_high = wall_high;
    position.continuity = continuity;
}
