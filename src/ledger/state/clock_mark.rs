//! The high-water mark of wall time (R31): turning the clock back revives no license, and a clock that was wrong locks
//! nobody out for good.

use std::time::Duration;

use crate::ledger::model::time::{Moment, Tick, WallTime};

/// Speed at which the mark follows a clock that is ahead of it, as a multiple of the time that passes in this process.
/// So a clock that is a year ahead for an hour moves the mark by one day, which locks nobody out for good when it is
/// corrected, and after a pause the mark catches up by itself.
const CATCH_UP_FACTOR: u64 = 24;
/// Speed of the mark while the clock is behind it, in tenths of the time that passes. It is slower than a right clock,
/// so that the clock catches up with a mark that ran ahead. It is fast enough that setting the clock back, once or a
/// little every day, gains at most a tenth of that time.
const TENTHS_WHILE_BEHIND: u64 = 9;

/// The mark, as it advances with the shard's time.
#[derive(Debug, Clone, Copy)]
pub(in crate::ledger) struct ClockMark {
    high: WallTime,
    /// Tick of the last update. Time before a load does not count for catching up: a load starts here.
    at: Tick,
    /// Remainder of the slow advance, in tenths of a millisecond, less than ten. Without it, updates a millisecond
    /// apart would lose all of the advance.
    tenths: u64,
}

impl ClockMark {
    /// `high`: the persisted mark; zero at the first start, where the mark begins at the clock.
    pub fn load(high: WallTime, now: Moment) -> Self {
        let high = if high == WallTime::default() { now.wall } else { high };
        Self { high, at: now.tick, tenths: 0 }
    }

    /// Advances the mark to a moment, at most at the speed of `CATCH_UP_FACTOR` and at least at that of
    /// `TENTHS_WHILE_BEHIND`.
    pub fn observe(&mut self, now: Moment) {
        let passed = now.tick.0.saturating_sub(self.at.0);
        self.at = self.at.max(now.tick);
        let tenths = self.tenths + passed.saturating_mul(TENTHS_WHILE_BEHIND);
        let least = WallTime(self.high.0.saturating_add_unsigned(tenths / 10));
        let reach = WallTime(self.high.0.saturating_add_unsigned(passed.saturating_mul(CATCH_UP_FACTOR)));
        let clock = now.wall.min(reach);
        (self.high, self.tenths) = if clock > least { (clock, 0) } else { (least, tenths % 10) };
    }

    pub fn high(&self) -> WallTime {
        self.high
    }

    /// Time by which the dates of licenses are judged.
    pub fn license_time(&self, now: Moment) -> WallTime {
        self.high.max(now.wall)
    }

    /// Time by which the clock is behind the mark; zero for a clock that was not set back.
    pub fn behind(&self, now: Moment) -> Duration {
        self.high.since(now.wall)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: i64 = 3_600_000;
    const DAY: i64 = 24 * HOUR;
    const YEAR: i64 = 365 * DAY;
    /// Wall time at which the shard's time begins, by the right clock.
    const START: i64 = 10 * YEAR;

    /// A mark that is updated as often as in a running service, and a clock that can be wrong.
    struct Run {
        mark: ClockMark,
        /// Milliseconds that really passed since the start.
        passed: i64,
        /// Milliseconds by which the clock is ahead of the right one.
        wrong: i64,
    }

    impl Run {
        fn start() -> Self {
            let now = Moment::new(Tick(0), WallTime(START));
            Self { mark: ClockMark::load(WallTime(0), now), passed: 0, wrong: 0 }
        }

        fn now(&self) -> Moment {
            Moment::new(Tick(self.passed as u64), WallTime(START + self.passed + self.wrong))
        }

        /// The service runs for `time`: something happens once a minute, and not on the minute.
        fn run(&mut self, time: i64) {
            let end = self.passed + time;
            while self.passed < end {
                self.passed = end.min(self.passed + 59_999);
                self.mark.observe(self.now());
            }
        }

        /// The service stops, and another one continues from what was persisted. The shard's time advances by what the
        /// clock says, and not at all if it was set back.
        fn restart(&mut self) {
            self.mark = ClockMark::load(self.mark.high(), self.now());
        }

        /// Milliseconds by which the time of licenses is ahead of the right time.
        fn ahead(&self) -> i64 {
            self.mark.license_time(self.now()).0 - START - self.passed
        }
    }

    #[test]
    fn r31_a_right_clock_is_the_mark() {
        let mut run = Run::start();
        run.run(400 * DAY);
        assert_eq!((run.ahead(), run.mark.behind(run.now())), (0, Duration::ZERO));
        assert_eq!(run.mark.high(), run.now().wall);
    }

    #[test]
    fn r31_with_the_clock_set_back_a_year_nothing_expired_comes_back() {
        let mut run = Run::start();
        run.run(DAY);
        let expired = run.mark.high();
        run.wrong = -YEAR;
        assert!(run.mark.license_time(run.now()) >= expired);
        for _ in 0..30 {
            run.restart();
            assert!(run.mark.license_time(run.now()) >= expired, "after a restart, too");
            run.run(DAY);
        }
        // Thirty days passed, and a license lost 27 of them.
        assert_eq!(run.ahead(), -3 * DAY);
    }

    #[test]
    fn r31_a_clock_set_back_once_gains_a_tenth_of_the_time() {
        let mut run = Run::start();
        run.wrong = -YEAR;
        run.run(100 * DAY);
        assert_eq!(run.ahead(), -10 * DAY);
    }

    #[test]
    fn r31_a_clock_set_back_a_little_every_day_gains_a_tenth_at_most() {
        for back in [HOUR, 3 * HOUR, 6 * HOUR, 23 * HOUR, 30 * DAY] {
            let mut run = Run::start();
            for _ in 0..365 {
                run.run(DAY);
                run.wrong -= back;
                run.restart();
            }
            let gained = -run.ahead();
            assert!((0..=YEAR / 10).contains(&gained), "{back} a day gains {gained} in a year");
        }
    }

    #[test]
    fn r31_looking_every_millisecond_loses_no_part_of_it() {
        let mut run = Run::start();
        run.wrong = -YEAR;
        for _ in 0..10_000 {
            run.passed += 1;
            run.mark.observe(run.now());
        }
        assert_eq!(run.ahead(), -1_000);
    }

    #[test]
    fn r31_a_jump_ahead_that_is_corrected_leaves_a_day_which_ten_days_absorb() {
        let mut run = Run::start();
        run.wrong = YEAR;
        run.run(HOUR);
        assert_eq!(run.ahead(), YEAR, "while it lasts, it counts");
        run.wrong = 0;
        assert_eq!(run.ahead(), 23 * HOUR, "the mark went a day ahead");
        run.restart();
        let mut last = run.ahead();
        for _ in 0..10 {
            run.run(DAY);
            run.restart();
            assert!(run.ahead() < last || run.ahead() == 0);
            last = run.ahead();
        }
        assert_eq!(run.ahead(), 0);
        assert_eq!(run.mark.behind(run.now()), Duration::ZERO);
    }

    #[test]
    fn r31_a_restart_in_the_middle_of_a_jump_brings_the_mark_no_further() {
        let mut run = Run::start();
        run.wrong = YEAR;
        for _ in 0..60 {
            run.run(HOUR / 60);
            run.restart();
        }
        run.wrong = 0;
        assert_eq!(run.ahead(), 23 * HOUR);
    }

    #[test]
    fn r31_time_asleep_earns_no_catching_up() {
        let asleep = Moment::new(Tick(5 * YEAR as u64), WallTime(9 * YEAR));
        let mut mark = ClockMark::load(WallTime(YEAR), asleep);
        mark.observe(asleep);
        assert_eq!(mark.high(), WallTime(YEAR));
        assert_eq!(mark.license_time(asleep), WallTime(9 * YEAR), "but the clock counts");
    }
}
