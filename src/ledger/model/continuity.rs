//! How a shard's time continues from one process to the next (R24, R31). The wall clock can be wrong when one process
//! ends and right when the next begins, so the time between them by that clock ends no session. Only the machine's
//! monotonic clock can measure that time, if the machine is the same and was not restarted.

use std::time::Duration;

use super::time::{Moment, Tick, WallTime, millis};
use super::wall_line::{ClockOffset, ClockOffsets, WallLine};

/// A reading of a machine's monotonic clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Boot {
    /// Id of the machine's boot: from one start of the machine to its end.
    pub id: u128,
    /// Milliseconds of the machine's monotonic clock.
    pub at: u64,
}

/// What the next process needs to know, in addition to the shard's tick and the wall time of its last batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Continuity {
    /// Monotonic clock at the last batch; `None`: the machine could not say.
    pub boot: Option<Boot>,
    /// Wall times of earlier ticks; empty: written by an earlier release, which did not record them.
    pub offsets: ClockOffsets,
}

impl Continuity {
    #[must_use]
    pub fn new(boot: Option<Boot>, offsets: &[ClockOffset]) -> Self {
        Self { boot, offsets: ClockOffsets::new(offsets) }
    }

    /// Returns the first tick of another process. `last`: tick and wall time of the last batch; `wall` and `boot`:
    /// clocks of the new process; `seen`: time for which it has known the last batch, if it followed the shard. Time
    /// that passed and that no tick counts becomes part of the next clock offset.
    #[must_use]
    pub fn resume(&self, last: (Tick, WallTime), wall: WallTime, boot: Option<Boot>, seen: Option<Duration>) -> Tick {
        let (tick, since) = last;
        let passed = match (self.boot, boot) {
            (Some(then), Some(now)) if then.id == now.id => now.at.checked_sub(then.at),
            _ => None,
        };
        // Unmeasured time gets one tick of its own, a millisecond, so that everything before it has an earlier tick.
        let passed = passed.unwrap_or_else(|| seen.map_or(0, millis).max(u64::from(wall > since)));
        Tick(tick.0.saturating_add(passed))
    }

    /// The recorded timeline of a shard whose last batch was at `last`.
    #[must_use]
    pub fn line(&self, last: (Tick, WallTime)) -> &'static WallLine {
        let (tick, wall) = last;
        let mut offsets = self.offsets;
        if offsets.as_slice().is_empty() {
            offsets = ClockOffsets::new(&[ClockOffset {
                from: Tick::default(),
                ms: wall.0.saturating_sub(i64::try_from(tick.0).unwrap_or(i64::MAX)),
            }]);
        }
        WallLine::kept(offsets, tick)
    }

    /// Moment of the last batch.
    #[must_use]
    pub fn moment(&self, last: (Tick, WallTime)) -> Moment {
        Moment { line: Some(self.line(last)), ..Moment::new(last.0, last.1) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: i64 = 86_400_000;
    const NOON: WallTime = WallTime(1_800_000_000_000);

    fn boot(id: u128, at: u64) -> Option<Boot> {
        Some(Boot { id, at })
    }

    /// Ticks that pass when the wall clock advances by `by`. The shard is at tick 1,000,000; its last batch was at
    /// noon.
    fn resume(before: Option<Boot>, by: i64, now: Option<Boot>) -> u64 {
        let tick = Continuity::new(before, &[]).resume((Tick(1_000_000), NOON), WallTime(NOON.0 + by), now, None);
        tick.0 - 1_000_000
    }

    #[test]
    fn r31_the_same_machine_can_tell_whatever_the_clock_says() {
        for by in [-10 * 365 * DAY, -DAY, 0, 13_000, DAY, 10 * 365 * DAY, i64::MAX - NOON.0] {
            assert_eq!(resume(boot(7, 5_000), by, boot(7, 18_000)), 13_000, "the clock moved by {by}");
        }
    }

    #[test]
    fn r31_what_nobody_can_tell_moves_no_duration() {
        let no_one = [(None, None), (boot(7, 5_000), None), (None, boot(7, 5_000))];
        let others = [(boot(7, 5_000), boot(8, 18_000)), (boot(7, 18_000), boot(7, 5_000))];
        for (before, now) in no_one.into_iter().chain(others) {
            for (by, ticks) in [(-DAY, 0), (0, 0), (1, 1), (13_000, 1), (DAY, 1)] {
                assert_eq!(resume(before, by, now), ticks, "{before:?}, {now:?}, the clock moved by {by}");
            }
        }
    }

    /// C14: whatever the clock of the next node says.
    #[test]
    fn r31_another_machine_adds_what_it_has_measured_itself() {
        let resume = |before, by, now, seen| {
            let continuity = Continuity::new(before, &[]);
            let seen = Some(Duration::from_millis(seen));
            continuity.resume((Tick(1_000_000), NOON), WallTime(NOON.0 + by), now, seen).0 - 1_000_000
        };
        for by in [-10 * 365 * DAY, -DAY, DAY, 10 * 365 * DAY] {
            assert_eq!(resume(boot(7, 5_000), by, boot(8, 900), 230), 230, "the clock is off by {by}");
            assert_eq!(resume(None, by, None, 0), u64::from(by > 0));
            assert_eq!(resume(boot(7, 5_000), by, boot(7, 5_400), 230), 400, "the same machine knows more");
        }
    }

    /// Displayed times do not move, over any number of restarts.
    #[test]
    fn r31_times_that_people_read_count_what_no_tick_counts() {
        let (mut tick, mut wall, mut noted) = (Tick(1_000), NOON, Continuity::default());
        let mut events = Vec::new();
        for round in 0..40 {
            events.push((tick, wall));
            let line = noted.line((tick, wall));
            let last = (Tick(tick.0 + 5_000), WallTime(wall.0 + 5_000));
            let _ = line.moment(last.0, last.1);
            noted.offsets = line.offsets();
            // Nobody serves for a while, or the clock is set back meanwhile.
            wall = WallTime(last.1.0 + [60_000, 0, -5_000_000, 7][round % 4] * (1 + round as i64));
            tick = noted.resume(last, wall, None, None);
            let line = noted.line(last);
            let _ = line.moment(tick, wall);
            noted.offsets = line.offsets();
            (tick, wall) = (Tick(tick.0 + 10), WallTime(wall.0 + 10));
        }
        let now = noted.moment((tick, wall));
        for (tick, wall) in events {
            let off = wall.0 - now.wall_of(tick).0;
            assert!(off.abs() < 100, "an event of {wall} reads as {}", now.wall_of(tick));
        }
    }
}
