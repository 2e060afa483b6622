//! Wall time of each tick of a shard's timeline. The wall clock can be set, and the machine can sleep or be replaced:
//! past events keep the wall time that they had, and do not move with the clock (R31).

use std::sync::{Mutex, MutexGuard, PoisonError};

use super::tick::Tick;
use super::wall::WallTime;

/// Highest number of offsets that are remembered; beyond it, two neighbors are merged, where that changes least.
pub const MAX_OFFSETS: usize = 64;

/// Difference from which the wall clock counts as set, in milliseconds. Smaller differences are normal: the two clocks
/// are not read at the same instant, and are read in whole milliseconds.
pub const TOLERANCE_MS: u64 = 100;

/// Offset of the wall clock from the timeline, from a tick on until the next offset.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub struct ClockOffset {
    pub from: Tick,
    pub ms: i64,
}

impl ClockOffset {
    fn wall(self, tick: Tick) -> WallTime {
        WallTime(i64::try_from(tick.0).unwrap_or(i64::MAX).saturating_add(self.ms))
    }
}

/// Offsets, oldest first, each from a later tick than the one before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClockOffsets {
    list: [ClockOffset; MAX_OFFSETS],
    count: usize,
}

impl Default for ClockOffsets {
    fn default() -> Self {
        Self { list: [ClockOffset::default(); MAX_OFFSETS], count: 0 }
    }
}

impl ClockOffsets {
    #[must_use]
    pub fn new(offsets: &[ClockOffset]) -> Self {
        let mut this = Self::default();
        offsets.iter().for_each(|offset| this.put(*offset));
        this
    }

    #[must_use]
    pub fn as_slice(&self) -> &[ClockOffset] {
        &self.list[..self.count]
    }

    /// Wall time of a tick, also of a future one, unless the clock is set again. `None`: there is no offset.
    #[must_use]
    pub fn wall_of(&self, tick: Tick) -> Option<WallTime> {
        let after = self.as_slice().partition_point(|offset| offset.from <= tick);
        self.as_slice().get(after.saturating_sub(1)).map(|offset| offset.wall(tick))
    }

    /// Sets the wall time from a tick on. Offsets of later ticks are dropped: none of these ticks has come.
    pub fn set(&mut self, from: Tick, wall: WallTime) {
        let ms = wall.0.saturating_sub(i64::try_from(from.0).unwrap_or(i64::MAX));
        self.put(ClockOffset { from, ms });
    }

    fn put(&mut self, next: ClockOffset) {
        while self.as_slice().last().is_some_and(|last| last.from >= next.from) {
            self.count -= 1;
            self.list[self.count] = ClockOffset::default();
        }
        if self.as_slice().last().is_some_and(|last| last.ms == next.ms) {
            return;
        }
        if self.count == MAX_OFFSETS {
            self.join(next.from);
        }
        self.list[self.count] = next;
        self.count += 1;
    }

    /// Merges two neighbors: the one that applied for longer now applies to both. It chooses the pair where difference
    /// times the shorter duration is least. `end`: end of the last offset.
    fn join(&mut self, end: Tick) {
        let length = |at: usize| {
            let until = self.as_slice().get(at + 1).map_or(end, |next| next.from);
            until.0.saturating_sub(self.list[at].from.0)
        };
        let wrong = |at: &usize| {
            let off = self.list[*at].ms.abs_diff(self.list[*at + 1].ms);
            u128::from(off) * u128::from(length(*at).min(length(*at + 1)))
        };
        let Some(at) = (0..self.count - 1).min_by_key(wrong) else { return };
        let mut list = self.as_slice().to_vec();
        if length(at) < length(at + 1) {
            list[at].ms = list[at + 1].ms;
        }
        list.remove(at + 1);
        *self = Self::new(&list);
    }
}

/// Offsets of a timeline that continues. Moments refer to it; the wall time of a past tick does not change.
#[derive(Debug)]
pub struct WallLine(Mutex<State>);

#[derive(Debug)]
struct State {
    offsets: ClockOffsets,
    /// Tick of the last moment: what happened by then keeps the offset of then.
    last: Tick,
}

impl State {
    /// True if the two readings show that the wall clock was set.
    fn is_off(&self, tick: Tick, wall: WallTime) -> bool {
        self.offsets.wall_of(tick).is_none_or(|known| known.0.abs_diff(wall.0) >= TOLERANCE_MS)
    }
}

impl WallLine {
    /// Creates a timeline that is never freed: a process has few. `last`: present tick of the timeline.
    #[must_use]
    pub fn kept(offsets: ClockOffsets, last: Tick) -> &'static Self {
        Box::leak(Box::new(Self(Mutex::new(State { offsets, last }))))
    }

    #[must_use]
    pub fn offsets(&self) -> ClockOffsets {
        self.state().offsets
    }

    /// Notes two readings, unless they show that the wall clock was set. Returns true if they were noted.
    pub(super) fn note_unless_set(&self, tick: Tick, wall: WallTime) -> bool {
        let mut state = self.state();
        if state.is_off(tick, wall) {
            return false;
        }
        state.last = state.last.max(tick);
        true
    }

    /// Notes two readings. If they show that the wall clock was set, the new offset applies from now on, after
    /// everything that has a tick already.
    pub(super) fn note(&self, tick: Tick, wall: WallTime) {
        let mut state = self.state();
        if state.is_off(tick, wall) {
            // The whole millisecond in which the clock was set keeps the former offset.
            let first = state.offsets.as_slice().is_empty();
            let from = if first { tick } else { tick.max(Tick(state.last.0.saturating_add(1))) };
            state.offsets.set(from, wall.plus(from.since(tick)));
        }
        state.last = state.last.max(tick);
    }

    /// See [`ClockOffsets::wall_of`].
    #[must_use]
    pub fn wall_of(&self, tick: Tick) -> Option<WallTime> {
        self.state().offsets.wall_of(tick)
    }

    /// A poisoned lock guards only numbers, so it is used nevertheless.
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Equal if it is the same timeline.
impl PartialEq for WallLine {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self, other)
    }
}

impl Eq for WallLine {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::model::time::Moment;

    const HOUR: i64 = 3_600_000;
    const NOON: i64 = 1_800_000_000_000;

    /// A timeline that begins at noon, in ticks and wall time.
    fn line() -> &'static WallLine {
        let line = WallLine::kept(ClockOffsets::default(), Tick(0));
        let _ = at(line, 0, 0);
        line
    }

    /// The moment `passed` after noon, with the wall clock ahead by `ahead`, in milliseconds.
    fn at(line: &'static WallLine, passed: i64, ahead: i64) -> Moment {
        line.moment(Tick((NOON + passed).unsigned_abs()), WallTime(NOON + passed + ahead))
    }

    #[test]
    fn r31_what_has_happened_keeps_its_time_whatever_the_clock_is_set_to() {
        let line = line();
        let mut happened = Vec::new();
        for (hours, ahead) in (1..).zip([0, 8, 8, -1, -1, 10_000, 0, 0, -90_000, 0]) {
            for minute in 0..3 {
                let now = at(line, hours * HOUR + minute * 60_000, ahead * HOUR);
                happened.push((now.tick, now.wall));
                for (tick, wall) in &happened {
                    assert_eq!(now.wall_of(*tick), *wall, "at {now:?}");
                }
            }
        }
        let again = WallLine::kept(line.offsets(), happened[0].0);
        for (tick, wall) in &happened {
            assert_eq!(again.wall_of(*tick), Some(*wall), "in the next process");
        }
    }

    #[test]
    fn r31_readings_that_are_a_few_milliseconds_apart_move_nothing() {
        let line = line();
        let first = at(line, 0, 0).tick;
        for (minute, off) in (1..).zip([1, -1, 2, 50, -99, 99]) {
            let now = at(line, minute * 60_000, off);
            assert_eq!(now.wall_of(first), WallTime(NOON));
            assert_eq!(now.wall_of(now.tick), WallTime(NOON + minute * 60_000), "off by {off} ms");
        }
        assert_eq!(line.offsets().as_slice().len(), 1);
    }

    #[test]
    fn r31_what_happened_in_the_millisecond_of_the_step_has_the_time_of_before() {
        let line = line();
        let before = at(line, HOUR, 0);
        let same = at(line, HOUR, 8 * HOUR);
        assert_eq!(same.wall, WallTime(NOON + 9 * HOUR), "dates are judged by the clock as it is");
        assert_eq!(same.wall_of(before.tick), WallTime(NOON + HOUR));
        let after = at(line, HOUR + 1, 8 * HOUR);
        assert_eq!(after.wall_of(before.tick), WallTime(NOON + HOUR));
        assert_eq!(after.wall_of(after.tick), WallTime(NOON + 9 * HOUR + 1));
        // Future ticks follow the clock as it is now.
        let later = Tick(after.tick.0 + 60_000);
        assert_eq!(after.wall_of(later), WallTime(NOON + 9 * HOUR + 60_001));
    }

    #[test]
    fn r31_offsets_are_bounded_and_those_that_differ_least_become_one() {
        // A hundred nights in which the machine slept for a second, and one hour in which the clock was a day ahead.
        let line = line();
        let mut happened = Vec::new();
        for day in 1..=100_i64 {
            let wrong = if day == 50 { 24 * HOUR } else { 0 };
            let now = at(line, day * 24 * HOUR, day * 1_000 + wrong);
            happened.push((now.tick, now.wall));
            let _ = at(line, (day * 24 + 1) * HOUR, day * 1_000);
        }
        let offsets = line.offsets();
        assert!(offsets.as_slice().len() <= MAX_OFFSETS);
        let off = |(tick, wall): &(Tick, WallTime)| line.wall_of(*tick).expect("known").0.abs_diff(wall.0);
        let worst = happened.iter().map(off).max().expect("a hundred");
        assert!(worst <= 4_000, "a time is off by {worst} ms");
        assert_eq!(off(&happened[99]), 0);
        assert_eq!(ClockOffsets::new(offsets.as_slice()), offsets, "as it is stored");
    }
}
