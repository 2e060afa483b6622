//! Grants of a pool in order, so that the seats over a limit that shrank (R14) are found without visiting all users.

use crate::ids::EventNo;

/// Numbers of the grants of a pool's active seats, ascending, eight bytes each. A new grant is usually the last;
/// removing one from the middle moves those after it, a megabyte and a half for 200,000 grants.
#[derive(Debug, Default)]
pub(in crate::ledger) struct Orders {
    users: Vec<EventNo>,
    /// Separate, because the policy decides if they count (R10).
    administrators: Vec<EventNo>,
}

impl Orders {
    fn list(&mut self, administrator: bool) -> &mut Vec<EventNo> {
        if administrator { &mut self.administrators } else { &mut self.users }
    }

    /// Adds a grant. Returns the number of grants that it moved.
    pub fn add(&mut self, order: EventNo, administrator: bool) -> usize {
        let list = self.list(administrator);
        if list.last().is_none_or(|last| *last <= order) {
            list.push(order);
            return 0;
        }
        let at = list.partition_point(|other| *other < order);
        list.insert(at, order);
        list.len() - at
    }

    /// Removes a grant. Returns the number of grants that it moved.
    pub fn remove(&mut self, order: EventNo, administrator: bool) -> usize {
        let list = self.list(administrator);
        let Ok(at) = list.binary_search(&order) else { return 0 };
        list.remove(at);
        let moved = list.len() - at;
        if list.len() >= list.capacity() / 4 {
            return moved;
        }
        list.shrink_to(list.len() * 2);
        moved + list.len()
    }

    /// Adds grants during a load, in any order; [`Self::sort`] must follow.
    pub fn load(&mut self, order: EventNo, administrator: bool) {
        self.list(administrator).push(order);
    }

    pub fn sort(&mut self) {
        self.users.sort_unstable();
        self.administrators.sort_unstable();
        self.users.shrink_to_fit();
        self.administrators.shrink_to_fit();
    }

    /// Number of grants that count.
    pub fn counted(&self, with_administrators: bool) -> usize {
        self.users.len() + if with_administrators { self.administrators.len() } else { 0 }
    }

    /// First of the last `over` grants that count.
    pub fn last(&self, over: usize, with_administrators: bool) -> Option<EventNo> {
        let before = self.counted(with_administrators).checked_sub(over)?;
        let (a, b) = (&self.users[..], if with_administrators { &self.administrators[..] } else { &[] });
        // So many of `a` come first that all others of the first `before` grants are in `b`.
        let (mut min, mut max) = (before.saturating_sub(b.len()), before.min(a.len()));
        while min < max {
            let middle = usize::midpoint(min, max);
            // Too few, if the next of `a` comes before the last of `b` that was taken.
            if b[before - middle - 1] > a[middle] { min = middle + 1 } else { max = middle }
        }
        let next = [a.get(min), b.get(before - min)].into_iter().flatten();
        next.min().copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_ones_are_those_of_both_lists_together() {
        // A fixed linear congruential sequence: enough variety, the same on every run.
        let mut state = 11_u64;
        let mut next = move |below: u64| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) % below
        };
        let mut orders = Orders::default();
        let mut known: Vec<(u64, bool)> = Vec::new();
        for turn in 0..4_000 {
            if next(3) == 0 && !known.is_empty() {
                let (order, administrator) = known.swap_remove(next(known.len() as u64) as usize);
                orders.remove(EventNo(order), administrator);
            } else {
                // Mostly the latest, as real grants are.
                let order = if next(5) == 0 { next(turn * 10 + 1) * 10 + 1 + turn % 9 } else { turn * 100 };
                if known.iter().all(|(other, _)| *other != order) {
                    known.push((order, next(3) == 0));
                    let (order, administrator) = known[known.len() - 1];
                    orders.add(EventNo(order), administrator);
                }
            }
            for with in [false, true] {
                let mut counting: Vec<u64> = known.iter().filter(|(_, it)| with || !it).map(|(no, _)| *no).collect();
                counting.sort_unstable();
                assert_eq!(orders.counted(with), counting.len());
                let over = next(counting.len() as u64 + 2) as usize;
                let expected = counting.len().checked_sub(over).and_then(|at| counting.get(at).copied());
                assert_eq!(orders.last(over, with).map(|no| no.0), expected, "{over} of {counting:?}");
            }
        }
    }
}
