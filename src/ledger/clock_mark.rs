//! The high-water mark of wall time (R31): turning the clock back revives no license.

use std::time::Duration;

use super::time::{Moment, Tick, Wall};

/// How fast the mark follows a clock that is ahead of it: this many times the time that really passed here.
/// So a clock that jumps a year ahead for an hour moves the mark one day, and nobody is locked out for good
/// when it is corrected, while a service that slept catches up by itself.
const CATCH_UP: u32 = 24;

#[derive(Debug, Clone, Copy)]
pub(super) struct ClockMark {
    high: Wall,
    /// When the mark last moved. Time asleep earns no catching up: a load starts here.
    at: Tick,
}

impl ClockMark {
    /// `high`: as persisted; zero at the first start, when the clock is all that is known.
    pub fn load(high: Wall, now: Moment) -> Self {
        let high = if high == Wall::default() { now.wall } else { high };
        Self { high, at: now.tick }
    }

    pub fn observe(&mut self, now: Moment) {
        let passed = now.tick.since(self.at);
        self.at = self.at.max(now.tick);
        let reach = self.high.plus(passed.saturating_mul(CATCH_UP));
        self.high = self.high.max(now.wall.min(reach));
    }

    pub fn high(&self) -> Wall {
        self.high
    }

    /// The time by which dates of licenses are judged.
    pub fn license_time(&self, now: Moment) -> Wall {
        self.high.max(now.wall)
    }

    /// How far the clock is behind the mark; zero for a sane clock.
    pub fn behind(&self, now: Moment) -> Duration {
        self.high.since(now.wall)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: u64 = 3_600_000;
    const YEAR: i64 = 365 * 24 * 3_600_000;

    fn moment(tick: u64, wall: i64) -> Moment {
        Moment { tick: Tick(tick), wall: Wall(wall) }
    }

    #[test]
    fn r31_a_clock_set_back_moves_nothing_back() {
        let mut mark = ClockMark::load(Wall(0), moment(0, 10 * YEAR));
        mark.observe(moment(1_000, 10 * YEAR + 1_000));
        mark.observe(moment(2_000, 9 * YEAR));
        assert_eq!(mark.high(), Wall(10 * YEAR + 1_000));
        assert_eq!(mark.license_time(moment(2_000, 9 * YEAR)), Wall(10 * YEAR + 1_000));
    }

    #[test]
    fn r31_a_jump_ahead_that_is_corrected_leaves_little_behind() {
        let mut mark = ClockMark::load(Wall(0), moment(0, 10 * YEAR));
        // A year ahead, for an hour.
        mark.observe(moment(HOUR, 11 * YEAR));
        assert_eq!(mark.license_time(moment(HOUR, 11 * YEAR)), Wall(11 * YEAR), "while it lasts, it counts");
        let corrected = moment(HOUR, 10 * YEAR + HOUR as i64);
        assert_eq!(mark.license_time(corrected), Wall(10 * YEAR + 24 * HOUR as i64));
        assert_eq!(mark.behind(corrected), Duration::from_millis(23 * HOUR));
    }

    #[test]
    fn r31_time_asleep_earns_no_catching_up() {
        let mut mark = ClockMark::load(Wall(YEAR), moment(5 * YEAR as u64, 9 * YEAR));
        mark.observe(moment(5 * YEAR as u64, 9 * YEAR));
        assert_eq!(mark.high(), Wall(YEAR));
    }
}
