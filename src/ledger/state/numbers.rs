//! Maps the numbers of a tenant's users to their indexes. A number means one user forever, as in the rows of the store;
//! the index of a deleted user is reused. So a deleted user costs an eighth of a byte, once the users around it are
//! deleted, too.

use std::ops::Range;

use crate::ids::UserNo;
use crate::ledger::model::time::Tick;

/// Index of a user in its tenant's list of users. It is reused when the user was deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::ledger) struct UserIndex(pub u32);

impl UserIndex {
    pub fn position(self) -> usize {
        self.0 as usize
    }
}

/// Numbers on a page.
const PAGE_ITEMS: u32 = 64;
/// Index of a number whose user is deleted, or was not loaded.
const NONE: UserIndex = UserIndex(u32::MAX);

/// Indexes of users by number, in pages.
#[derive(Debug, Default)]
pub(in crate::ledger) struct Numbers {
    /// `None`: all users of the page are deleted.
    pages: Vec<Option<Box<Page>>>,
    /// Next number to assign.
    next: u32,
}

#[derive(Debug, Default)]
struct Page {
    /// Ends at its highest number that was assigned.
    indices: Vec<UserIndex>,
    used: u32,
    /// Upper bound of the last sign-in of its users; users who are deleted now count as well.
    latest: Tick,
}

impl Numbers {
    /// Count of the assigned numbers, including those of deleted users.
    pub fn given(&self) -> u32 {
        self.next
    }

    pub fn index(&self, no: UserNo) -> Option<UserIndex> {
        let page = self.pages.get((no.0 / PAGE_ITEMS) as usize)?.as_ref()?;
        page.indices.get((no.0 % PAGE_ITEMS) as usize).copied().filter(|index| *index != NONE)
    }

    pub fn put(&mut self, no: UserNo, index: UserIndex) {
        let (page, at) = ((no.0 / PAGE_ITEMS) as usize, (no.0 % PAGE_ITEMS) as usize);
        if self.pages.len() <= page {
            self.pages.resize_with(page + 1, || None);
        }
        let page = self.pages[page].get_or_insert_default();
        if page.indices.len() <= at {
            page.indices.resize(at + 1, NONE);
        }
        page.used += u32::from(page.indices[at] == NONE);
        page.indices[at] = index;
        self.next = self.next.max(no.0 + 1);
    }

    pub fn remove(&mut self, no: UserNo) -> Option<UserIndex> {
        let index = self.index(no)?;
        let slot = &mut self.pages[(no.0 / PAGE_ITEMS) as usize];
        let page = slot.as_mut().expect("the page of a number that is there");
        page.indices[(no.0 % PAGE_ITEMS) as usize] = NONE;
        page.used -= 1;
        // New numbers are still assigned on the last page.
        if page.used == 0 && no.0 / PAGE_ITEMS < self.next / PAGE_ITEMS {
            *slot = None;
        }
        Some(index)
    }

    /// Notes a sign-in of the user with this number.
    pub fn signs_in(&mut self, no: UserNo, at: Tick) {
        if let Some(Some(page)) = self.pages.get_mut((no.0 / PAGE_ITEMS) as usize) {
            page.latest = page.latest.max(at);
        }
    }

    /// The numbers of this number's page, and an upper bound of the last sign-in of its users; `None`: all are deleted.
    pub fn around(&self, no: UserNo) -> Option<(Range<UserNo>, Tick)> {
        let page = self.pages.get((no.0 / PAGE_ITEMS) as usize)?.as_ref()?;
        Some((self.page_of(no), page.latest))
    }

    /// The numbers of this number's page, if all of its users are deleted, so that a caller can skip them.
    pub fn gone(&self, no: UserNo) -> Option<Range<UserNo>> {
        let page = self.pages.get((no.0 / PAGE_ITEMS) as usize)?;
        page.is_none().then(|| self.page_of(no))
    }

    fn page_of(&self, no: UserNo) -> Range<UserNo> {
        let start = no.0 / PAGE_ITEMS * PAGE_ITEMS;
        UserNo(start)..UserNo((start + PAGE_ITEMS).min(self.next))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_given_once_and_pages_of_the_deleted_are_gone() {
        let mut numbers = Numbers::default();
        for no in 0..1_000 {
            numbers.put(UserNo(no), UserIndex(no + 7));
        }
        assert_eq!(
            (numbers.given(), numbers.index(UserNo(500)), numbers.index(UserNo(1_000))),
            (1_000, Some(UserIndex(507)), None)
        );
        for no in (0..1_000).filter(|no| no % 100 != 0) {
            assert_eq!(numbers.remove(UserNo(no)), Some(UserIndex(no + 7)));
            assert_eq!(numbers.remove(UserNo(no)), None);
        }
        assert_eq!(
            (numbers.given(), numbers.index(UserNo(500)), numbers.index(UserNo(501))),
            (1_000, Some(UserIndex(507)), None)
        );
        let gone = numbers.pages.iter().filter(|page| page.is_none()).count();
        assert_eq!((numbers.pages.len(), gone), (16, 5), "all but ten with somebody and the last one");
        assert_eq!(
            [128, 191, 200].map(|no| numbers.gone(UserNo(no))),
            [Some(UserNo(128)..UserNo(192)), Some(UserNo(128)..UserNo(192)), None]
        );
        assert_eq!([999, 5_000].map(|no| numbers.gone(UserNo(no))), [None, None], "the last page goes on");
    }

    #[test]
    fn nobody_around_a_number_signed_in_later() {
        let mut numbers = Numbers::default();
        (0..150).for_each(|no| numbers.put(UserNo(no), UserIndex(no)));
        for (no, at) in [(3, 20), (60, 10), (149, 30)] {
            numbers.signs_in(UserNo(no), Tick(at));
        }
        let [first, second, third] = [0, 64, 140].map(|no| numbers.around(UserNo(no)));
        assert_eq!(
            (first, second, third),
            (
                Some((UserNo(0)..UserNo(64), Tick(20))),
                Some((UserNo(64)..UserNo(128), Tick(0))),
                Some((UserNo(128)..UserNo(150), Tick(30)))
            )
        );
        (64..128).for_each(|no| assert!(numbers.remove(UserNo(no)).is_some()));
        assert_eq!(numbers.around(UserNo(64)), None);
    }

    #[test]
    fn a_load_brings_numbers_in_any_order() {
        let mut numbers = Numbers::default();
        for no in [700, 3, 650] {
            numbers.put(UserNo(no), UserIndex(no));
        }
        assert_eq!(
            (numbers.given(), numbers.index(UserNo(3)), numbers.index(UserNo(4))),
            (701, Some(UserIndex(3)), None)
        );
        assert_eq!(numbers.gone(UserNo(100)), Some(UserNo(64)..UserNo(128)));
    }
}
