//! How a shard's line of time goes on from one process to the next (R24, R31). A clock on the wall can be wrong when one
//! ends and right when the next begins; what it says passed in between ends no session. What can tell is the machine's
//! monotonic clock, where the machine is the same and did not start again.

use super::time::{Moment, Tick, Wall};
use super::wall_line::{ClockOffset, ClockOffsets, WallLine};

/// A reading of a machine's monotonic clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Boot {
    /// Names the machine, from when it was started to when it ends.
    pub id: u128,
    /// Milliseconds of its monotonic clock.
    pub at: u64,
}

/// What the next process needs to know, beside the shard's tick and the wall time of its last batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Continuity {
    /// The clock at the last batch; `None`: of a machine that cannot tell.
    pub boot: Option<Boot>,
    /// Which wall times the ticks had; none: an earlier release did not note them.
    pub offsets: ClockOffsets,
}

impl Continuity {
    #[must_use]
    pub fn new(boot: Option<Boot>, offsets: &[ClockOffset]) -> Self {
        Self { boot, offsets: ClockOffsets::new(offsets) }
    }

    /// Another process goes on: `last` is where the last batch stood, `wall` and `boot` are its clocks. Answers its first
    /// tick. What passed and no tick counts is in the next offset.
    #[must_use]
    pub fn resume(&self, last: (Tick, Wall), wall: Wall, boot: Option<Boot>) -> Tick {
        let (tick, since) = last;
        let passed = match (self.boot, boot) {
            (Some(then), Some(now)) if then.id == now.id => now.at.checked_sub(then.at),
            _ => None,
        };
        // A new tick, so that everything before it is before what nobody could measure; it is a millisecond of that.
        let passed = passed.unwrap_or(u64::from(wall > since));
        Tick(tick.0.saturating_add(passed))
    }

    /// The line of a shard whose last batch stood at `last`, as it was noted.
    #[must_use]
    pub fn line(&self, last: (Tick, Wall)) -> &'static WallLine {
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

    /// The moment of the last batch.
    #[must_use]
    pub fn moment(&self, last: (Tick, Wall)) -> Moment {
        Moment { line: Some(self.line(last)), ..Moment::new(last.0, last.1) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: i64 = 86_400_000;
    const NOON: Wall = Wall(1_800_000_000_000);

    fn boot(id: u128, at: u64) -> Option<Boot> {
        Some(Boot { id, at })
    }

    /// The shard stands at tick 1,000,000, and its last batch was at noon; now the clock says so much more.
    fn resume(before: Option<Boot>, by: i64, now: Option<Boot>) -> u64 {
        let tick = Continuity::new(before, &[]).resume((Tick(1_000_000), NOON), Wall(NOON.0 + by), now);
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

    /// What people read stands where it was, over any number of restarts.
    #[test]
    fn r31_times_that_people_read_count_what_no_tick_counts() {
        let (mut tick, mut wall, mut noted) = (Tick(1_000), NOON, Continuity::default());
        let mut events = Vec::new();
        for round in 0..40 {
            events.push((tick, wall));
            let line = noted.line((tick, wall));
            let last = (Tick(tick.0 + 5_000), Wall(wall.0 + 5_000));
            let _ = line.moment(last.0, last.1);
            noted.offsets = line.offsets();
            // Nobody serves for a while, or the clock is set back meanwhile.
            wall = Wall(last.1.0 + [60_000, 0, -5_000_000, 7][round % 4] * (1 + round as i64));
            tick = noted.resume(last, wall, None);
            let line = noted.line(last);
            let _ = line.moment(tick, wall);
            noted.offsets = line.offsets();
            (tick, wall) = (Tick(tick.0 + 10), Wall(wall.0 + 10));
        }
        let now = noted.moment((tick, wall));
        for (tick, wall) in events {
            let off = wall.0 - now.wall_of(tick).0;
            assert!(off.abs() < 100, "an event of {wall} reads as {}", now.wall_of(tick));
        }
    }
}
