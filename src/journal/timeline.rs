//! The shard's own timeline (R31): it never goes back, not even over a restart.

use std::time::Duration;

use crate::clock::Clock;
use crate::ledger::continuity::Continuity;
use crate::ledger::time::{Moment, Tick, WallTime};
use crate::ledger::wall_line::WallLine;
use crate::store::Position;

/// Number of attempts at reading both clocks; the quickest one counts.
const READINGS: usize = 8;

#[derive(Debug, Clone, Copy)]
pub(super) struct Timeline {
    base: Tick,
    /// Reading of the monotonic clock at the tick `base`.
    origin: Duration,
    line: &'static WallLine,
}

impl Timeline {
    /// Continues at the position of the last batch, plus the time that has passed since then if the machine can tell
    /// it: see [`Continuity::resume`]. `seen`: when this process first knew that batch, on its monotonic clock; `None`:
    /// it did not follow the shard. A shard that was never used starts at the wall time.
    pub fn resume(clock: &Clock, position: &Position, seen: Option<Duration>) -> Self {
        let (wall, boot, origin) = (clock.wall(), clock.boot(), clock.monotonic());
        let last = (position.tick, position.wall);
        if position.tick == Tick::default() {
            let base = Tick(u64::try_from(wall.0).unwrap_or(0).max(1));
            return Self { base, origin, line: Continuity::default().line((base, wall)) };
        }
        let base = position.continuity.resume(last, wall, boot, seen.map(|seen| origin.saturating_sub(seen)));
        Self { base, origin, line: position.continuity.line(last) }
    }

    pub fn line(&self) -> &'static WallLine {
        self.line
    }

    /// Data from which the next process continues this timeline, as a batch stores it.
    pub fn continuity(&self, clock: &Clock) -> Continuity {
        Continuity { boot: clock.boot(), offsets: self.line.offsets() }
    }

    /// Tick and wall time of now, which go together.
    pub fn now(&self, clock: &Clock) -> Moment {
        let (tick, wall) = (self.tick_at(clock.monotonic()), clock.wall());
        self.line.moment_unless_set(tick, wall).unwrap_or_else(|| {
            // The clock was set, or this process was suspended between the two readings.
            let (tick, wall) = self.read_at_once(clock);
            self.line.moment(tick, wall)
        })
    }

    /// Reads both clocks with as little time as possible between them.
    fn read_at_once(&self, clock: &Clock) -> (Tick, WallTime) {
        let read = || {
            let (before, wall, after) = (clock.monotonic(), clock.wall(), clock.monotonic());
            (after.saturating_sub(before), after, wall)
        };
        let mut quickest = read();
        for (took, at, wall) in (1..READINGS).map(|_| read()) {
            // Of two equally quick readings the later one counts, so that no tick goes back.
            quickest = if took <= quickest.0 { (took, at, wall) } else { quickest };
        }
        (self.tick_at(quickest.1), quickest.2)
    }

    fn tick_at(&self, monotonic: Duration) -> Tick {
        self.base + monotonic.saturating_sub(self.origin)
    }
}

/// Sets the shard's times to `now`, as a batch stores them.
pub(super) fn mark(position: &mut Position, now: Moment, wall_high: WallTime, continuity: Continuity) {
    position.tick = now.tick;
    position.wall = now.wall;
    position.wall_high = wall_high;
    position.continuity = continuity;
}
