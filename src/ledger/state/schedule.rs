//! Schedule: finds the index that is due first. Each index has at most one time, which can be moved; an index without a
//! time costs four bytes.

use super::deadlines::{Deadlines, Positions};
use crate::ledger::model::time::{Tick, Wall};

/// A heap of times, one at most for each index.
#[derive(Debug, Default)]
pub(in crate::ledger) struct Schedule {
    heap: Deadlines,
    positions: Positions,
}

impl Schedule {
    /// Sets the time of an index; `None`: removes it.
    pub fn set(&mut self, index: u32, at: Option<Tick>) {
        if self.heap.holds(&self.positions, index) {
            self.heap.remove(&mut self.positions, index);
        }
        if let Some(at) = at {
            self.heap.insert(&mut self.positions, index, at);
        }
    }

    pub fn first(&self) -> Option<(Tick, u32)> {
        self.heap.first()
    }

    /// Passes the indices that are due at `now` to `take`, in no particular order, until `take` returns false.
    pub fn each_due(&self, now: Tick, take: impl FnMut(u32) -> bool) {
        self.heap.each_noted(now, take);
    }
}

/// Date as a tick, in the same order.
pub(in crate::ledger) fn rising(date: Wall) -> Tick {
    Tick((date.0 as u64) ^ (1 << 63))
}

/// Date as a tick, in the opposite order: the latest date is due first, as the time goes back to before it.
pub(in crate::ledger) fn falling(date: Wall) -> Tick {
    Tick(!rising(date).0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_of_those_that_have_a_time_is_found() {
        let mut schedule = Schedule::default();
        for (index, at) in [(3, 30), (1, 10), (2, 20), (1, 40)] {
            schedule.set(index, Some(Tick(at)));
        }
        assert_eq!(schedule.first(), Some((Tick(20), 2)));
        schedule.set(2, None);
        schedule.set(7, None);
        assert_eq!(schedule.first(), Some((Tick(30), 3)));
        let mut due = Vec::new();
        schedule.each_due(Tick(40), |index| {
            due.push(index);
            true
        });
        due.sort_unstable();
        assert_eq!(due, [1, 3]);
    }

    #[test]
    fn dates_before_and_after_1970_keep_their_order() {
        let dates = [i64::MIN, -1, 0, 1, i64::MAX].map(Wall);
        assert!(dates.is_sorted_by_key(|date| rising(*date)));
        assert!(dates.is_sorted_by(|a, b| falling(*a) > falling(*b)));
    }
}
