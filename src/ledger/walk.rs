//! A page out of many rows, put together in steps, so that a list of a million rows keeps nobody else waiting for
//! longer than one step takes. Keyset pagination: a page starts behind the last row of the one before, by the sort
//! key and the id, so rows that come and go move nobody else.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use super::budget::Budget;
use super::command::{Cursor, Page};

/// A row's place in an order, borrowed; [`Cursor`] is the same, owned.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key<'a> {
    pub when: u64,
    pub name: &'a str,
    pub id: &'a str,
}

impl<'a> Key<'a> {
    pub fn of(cursor: &'a Cursor) -> Self {
        Key { when: cursor.when, name: &cursor.name, id: &cursor.id }
    }

    fn owned(self) -> Cursor {
        Cursor { when: self.when, name: self.name.to_owned(), id: self.id.to_owned() }
    }
}

/// Which page is wanted.
#[derive(Clone, Copy)]
pub(super) struct Cut<'a> {
    pub after: Option<Key<'a>>,
    pub descending: bool,
    pub limit: usize,
}

impl<'a> Cut<'a> {
    pub fn new(after: Option<&'a Cursor>, descending: bool, limit: usize) -> Self {
        Self { after: after.map(Key::of), descending, limit }
    }

    /// In the order of the page.
    fn order(self, ordering: Ordering) -> Ordering {
        if self.descending { ordering.reverse() } else { ordering }
    }
}

/// How far a walk has come, and the best rows so far: one more than fit the page, which tells whether there is a next.
#[derive(Debug, Clone, Default)]
pub(super) struct Walk {
    /// The row to go on with.
    pub next: u32,
    best: BTreeSet<(Cursor, u32)>,
}

impl Walk {
    /// The next row of this step, of so many in all; `None`: the step is over. To pass a row over costs 1.
    pub fn next_row(&mut self, rows: u32, budget: &mut Budget) -> Option<u32> {
        if budget.is_spent() || self.is_through(rows) {
            return None;
        }
        budget.spend(1);
        self.next += 1;
        Some(self.next - 1)
    }

    /// Whether every row had its turn.
    pub fn is_through(&self, rows: u32) -> bool {
        self.next >= rows
    }

    /// Whether a row with this `when` can be on the page, whatever else its key holds. Cheap: most rows of a long list
    /// end here.
    pub fn may_take(&self, cut: Cut, when: u64) -> bool {
        let behind = cut.after.is_none_or(|after| cut.order(when.cmp(&after.when)).is_ge());
        behind && (self.best.len() <= cut.limit || cut.order(when.cmp(&self.worst(cut).when)).is_le())
    }

    /// Whether a row with this key is on the page, as far as is known by now.
    pub fn takes(&self, cut: Cut, key: Key) -> bool {
        let behind = cut.after.is_none_or(|after| cut.order(key.cmp(&after)).is_gt());
        behind && (self.best.len() <= cut.limit || cut.order(key.cmp(&self.worst(cut))).is_lt())
    }

    fn worst(&self, cut: Cut) -> Key<'_> {
        let (worst, _) = if cut.descending { self.best.first() } else { self.best.last() }.expect("a full page");
        Key::of(worst)
    }

    /// Whether more rows were taken than the page holds.
    pub fn is_full(&self, cut: Cut) -> bool {
        self.best.len() > cut.limit
    }

    pub fn take(&mut self, cut: Cut, key: Key, row: u32) {
        self.best.insert((key.owned(), row));
        if self.best.len() > cut.limit.saturating_add(1) {
            if cut.descending {
                self.best.pop_first()
            } else {
                self.best.pop_last()
            };
        }
    }

    /// The page. `view` answers nothing for a row that is gone meanwhile.
    pub fn page<T>(&mut self, cut: Cut, mut view: impl FnMut(&Cursor, u32) -> Option<T>) -> Page<T> {
        let mut best: Vec<(Cursor, u32)> = std::mem::take(&mut self.best).into_iter().collect();
        if cut.descending {
            best.reverse();
        }
        let more = best.len() > cut.limit;
        best.truncate(cut.limit);
        let rows = best.iter().filter_map(|(key, row)| view(key, *row)).collect();
        Page { rows, next: best.pop().filter(|_| more).map(|(last, _)| last) }
    }
}

/// Cuts one page out of rows that are few, in one go.
pub(super) fn page<'a, R: Copy, T>(
    rows: impl Iterator<Item = (Key<'a>, R)>,
    cut: Cut,
    mut view: impl FnMut(R) -> T,
) -> Page<T> {
    let rows: Vec<(Key<'a>, R)> = rows.collect();
    let mut walk = Walk::default();
    for (no, (key, _)) in (0..).zip(&rows) {
        if walk.takes(cut, *key) {
            walk.take(cut, *key, no);
        }
    }
    walk.page(cut, |_, no| Some(view(rows[no as usize].1)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(when: u64, id: &str) -> Key<'_> {
        Key { when, name: "", id }
    }

    fn ids(rows: &[(u64, &str)], after: Option<(u64, &str)>, descending: bool, limit: usize) -> (Vec<String>, bool) {
        let cut = Cut { after: after.map(|(when, id)| key(when, id)), descending, limit };
        let keyed = rows.iter().map(|(when, id)| (key(*when, id), *id));
        let page = page(keyed, cut, str::to_owned);
        (page.rows, page.next.is_some())
    }

    #[test]
    fn pages_by_key_in_both_directions() {
        let rows = [(2, "b"), (1, "c"), (2, "a"), (3, "d")];
        assert_eq!(ids(&rows, None, false, 2), (vec!["c".into(), "a".into()], true));
        assert_eq!(ids(&rows, Some((2, "a")), false, 2), (vec!["b".into(), "d".into()], false));
        assert_eq!(ids(&rows, None, true, 3), (vec!["d".into(), "b".into(), "a".into()], true));
        assert_eq!(ids(&rows, Some((2, "a")), true, 3), (vec!["c".into()], false));
        assert_eq!(ids(&rows, Some((3, "d")), false, 3), (vec![], false));
    }

    #[test]
    fn what_cannot_be_on_the_page_is_known_by_its_time_alone() {
        let cut = Cut { after: Some(key(5, "m")), descending: true, limit: 1 };
        let mut walk = Walk::default();
        assert!(!walk.may_take(cut, 6), "before the page");
        assert!(walk.may_take(cut, 5), "the id decides");
        for (when, id) in [(4, "a"), (3, "b")] {
            assert!(walk.takes(cut, key(when, id)));
            walk.take(cut, key(when, id), 0);
        }
        assert!(!walk.may_take(cut, 2), "worse than the worst");
        assert!(walk.may_take(cut, 3), "as good as the worst, whom the id may beat");
        assert!(walk.takes(cut, key(3, "c")) && !walk.takes(cut, key(3, "a")));
    }

    #[test]
    fn steps_end_with_the_rows() {
        let step = |walk: &mut Walk, rows: u32, look: u32| {
            let mut budget = Budget::default();
            budget.begin();
            let mut taken = 0;
            while walk.next_row(rows, &mut budget).is_some() {
                taken += 1;
                budget.spend(look);
            }
            (taken, walk.is_through(rows))
        };
        let mut walk = Walk::default();
        assert_eq!(step(&mut walk, 1_500, 249), (1_000, false));
        assert_eq!(step(&mut walk, 1_500, 249), (500, true));
        let mut walk = Walk::default();
        assert_eq!(step(&mut walk, 260_000, 0), (250_000, false));
        assert_eq!(step(&mut walk, 260_000, 0), (10_000, true));
        assert_eq!(step(&mut Walk::default(), 0, 249), (0, true));
    }
}
