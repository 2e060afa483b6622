//! Schedule: finds the tenant that is due first. Each tenant has at most one time, which can be moved; a tenant without
//! a time costs four bytes.

use super::deadlines::{Deadlines, Positions};
use crate::ids::TenantNo;
use crate::ledger::model::time::{Tick, WallTime};

/// A heap of times, one at most for each tenant.
#[derive(Debug, Default)]
pub(in crate::ledger) struct Schedule {
    heap: Deadlines<TenantNo>,
    positions: Positions<TenantNo>,
}

impl Schedule {
    /// Sets the time of a tenant; `None`: removes it.
    pub fn set(&mut self, no: TenantNo, at: Option<Tick>) {
        if self.heap.holds(&self.positions, no) {
            self.heap.remove(&mut self.positions, no);
        }
        if let Some(at) = at {
            self.heap.insert(&mut self.positions, no, at);
        }
    }

    pub fn first(&self) -> Option<(Tick, TenantNo)> {
        self.heap.first()
    }

    /// Passes the tenants that are due at `now` to `take`, in no particular order, until `take` returns false.
    pub fn each_due(&self, now: Tick, take: impl FnMut(TenantNo) -> bool) {
        self.heap.each_noted(now, take);
    }
}

/// Date as a tick, in the same order.
pub(in crate::ledger) fn rising(date: WallTime) -> Tick {
    Tick((date.0 as u64) ^ (1 << 63))
}

/// Date as a tick, in the opposite order: the latest date is due first, as the time goes back to before it.
pub(in crate::ledger) fn falling(date: WallTime) -> Tick {
    Tick(!rising(date).0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_of_those_that_have_a_time_is_found() {
        let mut schedule = Schedule::default();
        for (no, at) in [(3, 30), (1, 10), (2, 20), (1, 40)] {
            schedule.set(TenantNo(no), Some(Tick(at)));
        }
        assert_eq!(schedule.first(), Some((Tick(20), TenantNo(2))));
        schedule.set(TenantNo(2), None);
        schedule.set(TenantNo(7), None);
        assert_eq!(schedule.first(), Some((Tick(30), TenantNo(3))));
        let mut due = Vec::new();
        schedule.each_due(Tick(40), |no| {
            due.push(no.0);
            true
        });
        due.sort_unstable();
        assert_eq!(due, [1, 3]);
    }

    #[test]
    fn dates_before_and_after_1970_keep_their_order() {
        let dates = [i64::MIN, -1, 0, 1, i64::MAX].map(WallTime);
        assert!(dates.is_sorted_by_key(|date| rising(*date)));
        assert!(dates.is_sorted_by(|a, b| falling(*a) > falling(*b)));
    }
}
