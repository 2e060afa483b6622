//! A list that grows page by page. Nothing is moved when it grows: copying a million sessions into a larger allocation
//! would take a step 50 ms (I9).

use std::ops::{Index, IndexMut};

/// Items on a page. The first page grows like a `Vec`, because most tenants have few items.
const PAGE_ITEMS: usize = 1_024;

#[derive(Debug)]
pub(in crate::ledger) struct PagedVec<T> {
    /// All pages but the last are full; none is empty.
    pages: Vec<Vec<T>>,
}

impl<T> PagedVec<T> {
    pub fn new() -> Self {
        Self { pages: Vec::new() }
    }

    pub fn len(&self) -> usize {
        self.pages.last().map_or(0, |last| (self.pages.len() - 1) * PAGE_ITEMS + last.len())
    }

    pub fn get(&self, at: usize) -> Option<&T> {
        self.pages.get(at / PAGE_ITEMS)?.get(at % PAGE_ITEMS)
    }

    pub fn push(&mut self, thing: T) {
        match self.pages.last_mut().filter(|last| last.len() < PAGE_ITEMS) {
            Some(last) => last.push(thing),
            None => {
                let mut page = if self.pages.is_empty() { Vec::new() } else { Vec::with_capacity(PAGE_ITEMS) };
                page.push(thing);
                self.pages.push(page);
            }
        }
    }

    pub fn last(&self) -> Option<&T> {
        self.pages.last()?.last()
    }

    pub fn pop(&mut self) -> Option<T> {
        let last = self.pages.last_mut()?;
        let thing = last.pop();
        if last.is_empty() {
            self.pages.pop();
        }
        thing
    }

    pub fn iter(&self) -> impl Iterator<Item = &T> + '_ {
        self.pages.iter().flatten()
    }

    pub fn iter_mut(&mut self) -> impl Iterator<Item = &mut T> + '_ {
        self.pages.iter_mut().flatten()
    }
}

impl<T> Index<usize> for PagedVec<T> {
    type Output = T;

    fn index(&self, at: usize) -> &T {
        &self.pages[at / PAGE_ITEMS][at % PAGE_ITEMS]
    }
}

impl<T> IndexMut<usize> for PagedVec<T> {
    fn index_mut(&mut self, at: usize) -> &mut T {
        &mut self.pages[at / PAGE_ITEMS][at % PAGE_ITEMS]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_there_stays_where_it_is() {
        let (mut list, count) = (PagedVec::new(), 3 * PAGE_ITEMS + 1);
        let mut second = std::ptr::null();
        for number in 0..count {
            assert_eq!((list.len(), list.last()), (number, number.checked_sub(1).as_ref()));
            list.push(number);
            if number == PAGE_ITEMS {
                second = &raw const list[PAGE_ITEMS];
            }
        }
        assert_eq!(&raw const list[PAGE_ITEMS], second);
        assert!(list.iter().copied().eq(0..count));
        list.iter_mut().for_each(|number| *number += 1);
        assert_eq!(
            (list[0], list[PAGE_ITEMS], list.get(count - 1), list.get(count)),
            (1, PAGE_ITEMS + 1, Some(&count), None)
        );
        list[PAGE_ITEMS] = 0;
        assert_eq!(list.get(PAGE_ITEMS), Some(&0));
        for left in (0..count).rev() {
            assert_eq!((list.pop().is_some(), list.len()), (true, left));
        }
        assert_eq!((list.pop(), list.last()), (None, None));
    }
}
