//! How a shard's line of time goes on from one process to the next (R24, R31). A clock on the wall can be wrong when one
//! ends and right when the next begins; what it says passed in between ends no session. What can tell is the machine's
//! monotonic clock, where the machine is the same and did not start again.

use super::time::{Gap, Tick, Wall};

/// Gaps that are remembered; of more, the two oldest become one.
pub const MAX_GAPS: usize = 16;

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
    gaps: [Gap; MAX_GAPS],
    count: usize,
}

impl Continuity {
    /// What was stored. Of more gaps than are remembered the first are left out.
    #[must_use]
    pub fn new(boot: Option<Boot>, gaps: &[Gap]) -> Self {
        let mut this = Self { boot, ..Self::default() };
        gaps.iter().for_each(|gap| this.add(*gap));
        this
    }

    /// Oldest first.
    #[must_use]
    pub fn gaps(&self) -> &[Gap] {
        &self.gaps[..self.count]
    }

    /// The same, for moments: see [`super::time::Moment::gaps`]. Kept to the end of the process: once for each line of
    /// time that it has.
    #[must_use]
    pub fn gaps_for_good(&self) -> &'static [Gap] {
        if self.count == 0 { &[] } else { Box::leak(self.gaps().into()) }
    }

    /// Another process goes on: `last` is where the last batch stood, `wall` and `boot` are its clocks. Answers its first
    /// tick.
    #[must_use]
    pub fn resume(mut self, last: (Tick, Wall), wall: Wall, boot: Option<Boot>) -> (Tick, Self) {
        let passed = match (self.boot, boot) {
            (Some(then), Some(now)) if then.id == now.id => now.at.checked_sub(then.at),
            _ => None,
        };
        self.boot = boot;
        let (tick, since) = last;
        if let Some(passed) = passed {
            return (Tick(tick.0.saturating_add(passed)), self);
        }
        let unknown = super::time::millis(wall.since(since));
        if unknown == 0 {
            return (tick, self);
        }
        // A new tick, so that everything before it is before the gap; it is a millisecond of what passed.
        if unknown > 1 {
            self.add(Gap { after: tick, length: unknown - 1 });
        }
        (Tick(tick.0.saturating_add(1)), self)
    }

    fn add(&mut self, gap: Gap) {
        if self.count == MAX_GAPS {
            let older = self.gaps[0];
            self.gaps[1].length = self.gaps[1].length.saturating_add(older.length);
            self.gaps.rotate_left(1);
            self.count -= 1;
        }
        self.gaps[self.count] = gap;
        self.count += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::time::Moment;

    const DAY: i64 = 86_400_000;
    const NOON: Wall = Wall(1_800_000_000_000);

    fn boot(id: u128, at: u64) -> Option<Boot> {
        Some(Boot { id, at })
    }

    /// The shard stands at tick 1,000,000, and its last batch was at noon; now the clock says so much more.
    fn resume(before: Option<Boot>, by: i64, now: Option<Boot>) -> (u64, Vec<u64>) {
        let (tick, line) = Continuity::new(before, &[]).resume((Tick(1_000_000), NOON), Wall(NOON.0 + by), now);
        assert_eq!(line.boot, now);
        (tick.0 - 1_000_000, line.gaps().iter().map(|gap| gap.length).collect())
    }

    #[test]
    fn r31_the_same_machine_can_tell_whatever_the_clock_says() {
        for by in [-10 * 365 * DAY, -DAY, 0, 13_000, DAY, 10 * 365 * DAY, i64::MAX - NOON.0] {
            assert_eq!(resume(boot(7, 5_000), by, boot(7, 18_000)), (13_000, vec![]), "the clock moved by {by}");
        }
    }

    #[test]
    fn r31_what_nobody_can_tell_moves_no_duration() {
        let no_one = [(None, None), (boot(7, 5_000), None), (None, boot(7, 5_000))];
        let others = [(boot(7, 5_000), boot(8, 18_000)), (boot(7, 18_000), boot(7, 5_000))];
        for (before, now) in no_one.into_iter().chain(others) {
            let day = DAY as u64 - 1;
            for (by, ticks, gaps) in
                [(-DAY, 0, vec![]), (0, 0, vec![]), (1, 1, vec![]), (13_000, 1, vec![12_999]), (DAY, 1, vec![day])]
            {
                assert_eq!(resume(before, by, now), (ticks, gaps), "{before:?}, {now:?}, the clock moved by {by}");
            }
        }
    }

    /// What people read stands where it was, over any number of restarts.
    #[test]
    fn r31_times_that_people_read_count_every_gap() {
        let (mut tick, mut wall, mut line) = (Tick(1_000), NOON, Continuity::default());
        let mut events = Vec::new();
        for round in 0..10 {
            events.push((tick, wall));
            (tick, wall) = (Tick(tick.0 + 5_000), Wall(wall.0 + 5_000));
            let later = Wall(wall.0 + 60_000 * round);
            (tick, line) = line.resume((tick, wall), later, None);
            wall = later;
        }
        let now = Moment { gaps: line.gaps_for_good(), ..Moment::new(tick, wall) };
        for (tick, wall) in events {
            let off = wall.0 - now.wall_of(tick).0;
            assert_eq!(off, 0, "an event of {wall} reads as {}", now.wall_of(tick));
        }
    }

    #[test]
    fn r31_gaps_are_bounded_and_the_oldest_become_one() {
        let gaps: Vec<Gap> = (0..40).map(|no| Gap { after: Tick(no * 10), length: 1 }).collect();
        let line = Continuity::new(None, &gaps);
        assert_eq!(line.gaps().len(), MAX_GAPS);
        assert_eq!(line.gaps().iter().map(|gap| gap.length).sum::<u64>(), 40, "none is forgotten");
        assert_eq!(line.gaps()[0], Gap { after: Tick(240), length: 25 });
    }
}
