//! Assembles a page of many rows in steps, so that a list of a million rows delays other callers by one step at most.
//! Keyset pagination: a page starts after the last row of the page before, by sort key and id, so that inserted and
//! deleted rows move no others.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use super::budget::Budget;
use crate::ledger::model::command::{Cursor, Page};
use crate::unicode::order;

/// Sort key of a row, borrowed; [`Cursor`] is the owned form.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::ledger) struct Key<'a> {
    pub when: u64,
    pub name: &'a [u8],
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

/// Full sort key of a text. The start of the key, which is cheaper, excludes most rows from the page.
pub(in crate::ledger) fn sort_key(text: &str, budget: &mut Budget) -> Vec<u8> {
    budget.spend_each(text.len() + 10, 15);
    order::key(text)
}

/// The page that is requested.
#[derive(Clone, Copy)]
pub(in crate::ledger) struct Cut<'a> {
    pub after: Option<Key<'a>>,
    pub descending: bool,
    pub limit: usize,
}

impl<'a> Cut<'a> {
    pub fn new(after: Option<&'a Cursor>, descending: bool, limit: usize) -> Self {
        Self { after: after.map(Key::of), descending, limit }
    }

    /// Applies the direction of the page.
    fn order(self, ordering: Ordering) -> Ordering {
        if self.descending { ordering.reverse() } else { ordering }
    }
}

/// Progress of a walk over rows, and the best rows so far: one more than the page holds, which shows that there is a
/// next page.
#[derive(Debug, Clone, Default)]
pub(in crate::ledger) struct Walk {
    /// Next row to look at.
    pub next: u32,
    best: BTreeSet<(Cursor, u32)>,
    /// True if only the page is left to be made.
    through: bool,
    /// Progress within a row whose search used up a step.
    pub partial: Option<PartialRow>,
    /// For rows without numbers: key of the row looked at last.
    pub last: Option<String>,
}

/// A row that is partly searched for words.
#[derive(Debug, Clone, Copy)]
pub(in crate::ledger) struct PartialRow {
    pub row: u32,
    /// Next text to search.
    pub text: usize,
    /// Words that were found, a bit each.
    pub found: u64,
}

impl Walk {
    /// The next row of this step, of `rows` in all; `None`: the step is over. Skipping a row costs 1.
    pub fn next_row(&mut self, rows: u32, budget: &mut Budget) -> Option<u32> {
        if budget.is_spent() || self.is_through(rows) {
            return None;
        }
        budget.spend(1);
        self.next += 1;
        Some(self.next - 1)
    }

    /// True if all rows were looked at.
    pub fn is_through(&self, rows: u32) -> bool {
        self.next >= rows
    }

    /// True if a row with this `when` can be on the page, whatever the rest of its key is. It is cheap, and excludes
    /// most rows of a long list.
    pub fn may_take(&self, cut: Cut, when: u64) -> bool {
        let behind = cut.after.is_none_or(|after| cut.order(when.cmp(&after.when)).is_ge());
        behind && (self.best.len() <= cut.limit || cut.order(when.cmp(&self.worst(cut).when)).is_le())
    }

    /// True if, in descending order, the page has no room for rows with at most this `when`.
    pub fn takes_none_up_to(&self, cut: Cut, when: u64) -> bool {
        cut.descending && self.best.len() > cut.limit && when < self.worst(cut).when
    }

    /// True if a row with this key is on the page, as far as is known.
    pub fn takes(&self, cut: Cut, key: Key) -> bool {
        let behind = cut.after.is_none_or(|after| cut.order(key.cmp(&after)).is_gt());
        behind && (self.best.len() <= cut.limit || cut.order(key.cmp(&self.worst(cut))).is_lt())
    }

    fn worst(&self, cut: Cut) -> Key<'_> {
        let (worst, _) = if cut.descending { self.best.first() } else { self.best.last() }.expect("a full page");
        Key::of(worst)
    }

    /// True if more rows were taken than the page holds.
    pub fn is_full(&self, cut: Cut) -> bool {
        self.best.len() > cut.limit
    }

    /// Takes a row that [`Self::takes`] accepts, and drops the worst one if there are too many.
    pub fn take(&mut self, cut: Cut, key: Key, row: u32, budget: &mut Budget) {
        // The key is copied, and compared with a dozen others.
        budget.spend(Budget::READ);
        budget.spend_each(key.name.len() + key.id.len(), 2);
        self.best.insert((key.owned(), row));
        if self.best.len() > cut.limit.saturating_add(1) {
            if cut.descending {
                self.best.pop_first()
            } else {
                self.best.pop_last()
            };
        }
    }

    /// True if the page can be made in this step, after all rows: a page costs up to three steps, so the next step
    /// makes it if less than half of this one is left.
    pub fn is_ready(&mut self, budget: &Budget) -> bool {
        std::mem::replace(&mut self.through, true) || budget.has_half()
    }

    /// True if only the page is left to be made.
    pub fn is_over(&self) -> bool {
        self.through
    }

    /// Makes the page, of as many rows as one answer may have. `weigh` returns `None` for a row that is gone meanwhile.
    pub fn page<T>(
        &mut self,
        cut: Cut,
        budget: &mut Budget,
        weigh: impl Fn(&Cursor, u32) -> Option<Weight>,
        view: impl Fn(&Cursor, u32) -> T,
    ) -> Page<T> {
        let mut best: Vec<(Cursor, u32)> = std::mem::take(&mut self.best).into_iter().collect();
        if cut.descending {
            best.reverse();
        }
        let mut more = best.len() > cut.limit;
        best.truncate(cut.limit);
        let (mut sum, mut rows) = (Weight::default(), Vec::new());
        for at in 0..best.len() {
            let (key, row) = &best[at];
            let Some(weight) = weigh(key, *row) else { continue };
            sum = sum.plus(weight);
            if !rows.is_empty() && !sum.fits() {
                more = true;
                best.truncate(at);
                break;
            }
            budget.spend(weight.work);
            rows.push(view(key, *row));
        }
        Page { rows, next: best.pop().filter(|_| more).map(|(last, _)| last) }
    }
}

/// Cost of a row of a page.
#[derive(Debug, Clone, Copy, Default)]
pub(in crate::ledger) struct Weight {
    /// Approximate bytes in an answer.
    bytes: usize,
    /// Work of showing the row, in units of [`Budget`].
    work: u32,
}

impl Weight {
    /// Bound of the weight of a page with more than one row.
    const PAGE: Weight = Weight { bytes: 1024 * 1024, work: 800_000 };

    /// `texts`: bytes of texts that are copied; `names`: number of ids that are looked up and copied.
    pub fn new(texts: usize, names: usize) -> Self {
        let work = 400 + u32::try_from(texts / 4 + names * 60).unwrap_or(u32::MAX / 2);
        Self { bytes: 100 + texts + names * 40, work }
    }

    pub fn work(self) -> u32 {
        self.work
    }

    fn plus(self, other: Weight) -> Weight {
        Weight { bytes: self.bytes.saturating_add(other.bytes), work: self.work.saturating_add(other.work) }
    }

    fn fits(self) -> bool {
        self.bytes <= Weight::PAGE.bytes && self.work <= Weight::PAGE.work
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(when: u64, id: &str) -> Key<'_> {
        Key { when, name: &[], id }
    }

    fn ids(rows: &[(u64, &str)], after: Option<(u64, &str)>, descending: bool, limit: usize) -> (Vec<String>, bool) {
        let cut = Cut { after: after.map(|(when, id)| key(when, id)), descending, limit };
        let page = paged(rows, cut, 0);
        (page.rows, page.next.is_some())
    }

    fn paged(rows: &[(u64, &str)], cut: Cut, weight: usize) -> Page<String> {
        let mut walk = Walk::default();
        for (no, (when, id)) in (0..).zip(rows) {
            let key = key(*when, id);
            if walk.takes(cut, key) {
                walk.take(cut, key, no, &mut Budget::default());
            }
        }
        let weigh = |_: &Cursor, _| Some(Weight::new(weight, 0));
        walk.page(cut, &mut Budget::default(), weigh, |key, _| key.id.clone())
    }

    #[test]
    fn a_page_ends_when_it_is_heavy_and_has_one_row_at_least() {
        let rows = [(1, "a"), (2, "b"), (3, "c"), (4, "d")];
        let page = |weight, after| {
            let page = paged(&rows, Cut { after, descending: false, limit: 3 }, weight);
            (page.rows.concat(), page.next.map(|next| next.id))
        };
        assert_eq!(page(0, None), ("abc".to_owned(), Some("c".to_owned())));
        assert_eq!(page(500_000, None), ("ab".to_owned(), Some("b".to_owned())));
        assert_eq!(page(5_000_000, None), ("a".to_owned(), Some("a".to_owned())));
        assert_eq!(page(5_000_000, Some(key(3, "c"))), ("d".to_owned(), None));
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
            walk.take(cut, key(when, id), 0, &mut Budget::default());
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
