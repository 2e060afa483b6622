//! A heap of deadlines that may be early but are never late. Postponing one (a heartbeat extends a lease) does not
//! change the heap; the first entry is corrected when it is read. So a heartbeat costs nothing here.

use std::fmt::Debug;
use std::marker::PhantomData;

use super::budget::Budget;
use crate::ledger::model::time::Tick;

/// Position of each index in its heap, stored by the heap's owner: several heaps over disjoint sets of indices share
/// one.
#[derive(Debug)]
pub(in crate::ledger) struct Positions<I> {
    positions: Vec<u32>,
    index: PhantomData<I>,
}

impl<I> Default for Positions<I> {
    fn default() -> Self {
        Self { positions: Vec::new(), index: PhantomData }
    }
}

impl<I: Into<u32>> Positions<I> {
    /// `None`: the index was never in a heap. The position is only valid while it is in one.
    fn find(&self, index: I) -> Option<usize> {
        self.positions.get(index.into() as usize).map(|position| *position as usize)
    }

    fn get(&self, index: I) -> usize {
        self.positions[index.into() as usize] as usize
    }

    fn set(&mut self, index: I, position: usize) {
        self.positions[index.into() as usize] = position as u32;
    }

    /// Makes room for the position of an index.
    fn reserve(&mut self, index: I) {
        let index = index.into() as usize;
        if self.positions.len() <= index {
            self.positions.resize(index + 1, 0);
        }
    }
}

/// Result of [`Deadlines::scan`].
#[derive(Debug)]
pub(in crate::ledger) struct DueScan<I> {
    pub due: Vec<I>,
    /// True if `due` contains all indices that are due.
    pub complete: bool,
    /// Time at which the first index that is not due yet will be.
    pub next: Option<Tick>,
}

/// Heap of deadlines by index; each index is in it at most once.
#[derive(Debug)]
pub(in crate::ledger) struct Deadlines<I> {
    /// A binary min-heap of (lower bound of the deadline, index).
    entries: Vec<(Tick, I)>,
}

impl<I> Default for Deadlines<I> {
    fn default() -> Self {
        Self { entries: Vec::new() }
    }
}

impl<I: Copy + Eq + Debug + Into<u32>> Deadlines<I> {
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    pub fn clear(&mut self) {
        self.entries.clear();
    }

    pub fn insert(&mut self, positions: &mut Positions<I>, index: I, due: Tick) {
        positions.reserve(index);
        self.entries.push((due, index));
        self.rise(positions, self.entries.len() - 1);
    }

    /// Notes an earlier deadline of an index, which must be in this heap.
    pub fn lower(&mut self, positions: &mut Positions<I>, index: I, due: Tick) {
        let at = positions.get(index);
        assert!(self.entries.get(at).is_some_and(|entry| entry.1 == index), "{index:?} is not in this heap");
        if due < self.entries[at].0 {
            self.entries[at].0 = due;
            self.rise(positions, at);
        }
    }

    /// Removes an index, which must be in this heap.
    pub fn remove(&mut self, positions: &mut Positions<I>, index: I) {
        let at = positions.get(index);
        assert!(self.entries.get(at).is_some_and(|entry| entry.1 == index), "{index:?} is not in this heap");
        self.entries.swap_remove(at);
        if at < self.entries.len() {
            self.sink(positions, at);
            self.rise(positions, at);
        }
    }

    /// Lower bound of the first deadline; `None`: the heap is empty.
    pub fn noted(&self) -> Option<Tick> {
        self.entries.first().map(|entry| entry.0)
    }

    pub fn first(&self) -> Option<(Tick, I)> {
        self.entries.first().copied()
    }

    /// Passes every index whose noted deadline is `now` or before to `take`, in no particular order, until `take`
    /// returns false.
    pub fn each_noted(&self, now: Tick, mut take: impl FnMut(I) -> bool) {
        let mut stack = vec![0];
        while let Some(at) = stack.pop() {
            let Some(&(noted, index)) = self.entries.get(at) else { continue };
            if noted <= now {
                if !take(index) {
                    return;
                }
                stack.extend([2 * at + 1, 2 * at + 2]);
            }
        }
    }

    /// True if the index is in this heap.
    pub fn holds(&self, positions: &Positions<I>, index: I) -> bool {
        let entry = positions.find(index).and_then(|at| self.entries.get(at));
        entry.is_some_and(|entry| entry.1 == index)
    }

    /// The index with the first deadline, if that is due at `now`. If the budget is spent, `None` can also mean that
    /// one is due behind entries that were corrected.
    pub fn first_due(
        &mut self,
        positions: &mut Positions<I>,
        now: Tick,
        due: impl Fn(I) -> Tick,
        budget: &mut Budget,
    ) -> Option<(Tick, I)> {
        loop {
            let (noted, index) = *self.entries.first()?;
            if noted > now || budget.is_spent() {
                return None;
            }
            let really = due(index);
            if really <= noted {
                return Some((really, index));
            }
            budget.spend(Budget::READ);
            self.entries[0].0 = really;
            self.sink(positions, 0);
        }
    }

    /// The first deadline. If the budget is spent before it is found, the result may be too early, but never too late.
    pub fn first_at(
        &mut self,
        positions: &mut Positions<I>,
        due: impl Fn(I) -> Tick,
        budget: &mut Budget,
    ) -> Option<Tick> {
        while let Some((noted, index)) = self.entries.first().copied() {
            let really = due(index);
            if really <= noted || budget.is_spent() {
                return Some(noted);
            }
            budget.spend(Budget::READ);
            self.entries[0].0 = really;
            self.sink(positions, 0);
        }
        None
    }

    /// Finds the indices that are due at `now`, in no particular order, and the first deadline of the others, without
    /// changing the heap. That deadline is exact as far as the budget allows; beyond that it is never too late. Stops
    /// when more than `max` are due.
    pub fn scan(&self, now: Tick, max: usize, due: impl Fn(I) -> Tick, budget: &mut Budget) -> DueScan<I> {
        let mut found = DueScan { due: Vec::new(), complete: true, next: None };
        let mut stack = vec![0];
        while let Some(at) = stack.pop() {
            let Some(&(noted, index)) = self.entries.get(at) else { continue };
            if found.next.is_some_and(|next| next <= noted) && noted > now {
                continue; // Nothing below it is earlier.
            }
            if budget.is_spent() {
                found.complete &= noted > now;
                found.next = found.next.into_iter().chain([noted.max(Tick(now.0.saturating_add(1)))]).min();
                continue;
            }
            budget.spend(Budget::READ);
            let really = due(index);
            if really > now {
                found.next = found.next.into_iter().chain([really]).min();
            } else if found.due.len() < max {
                found.due.push(index);
            } else {
                found.complete = false;
                return found;
            }
            stack.extend([2 * at + 1, 2 * at + 2]);
        }
        found
    }

    fn rise(&mut self, positions: &mut Positions<I>, mut at: usize) {
        while at > 0 {
            let parent = (at - 1) / 2;
            if self.entries[parent].0 <= self.entries[at].0 {
                break;
            }
            self.entries.swap(parent, at);
            positions.set(self.entries[at].1, at);
            at = parent;
        }
        positions.set(self.entries[at].1, at);
    }

    fn sink(&mut self, positions: &mut Positions<I>, mut at: usize) {
        loop {
            let left = 2 * at + 1;
            let Some(&first) = self.entries.get(left) else { break };
            let child = match self.entries.get(left + 1) {
                Some(second) if second.0 < first.0 => left + 1,
                _ => left,
            };
            if self.entries[at].0 <= self.entries[child].0 {
                break;
            }
            self.entries.swap(at, child);
            positions.set(self.entries[at].1, at);
            at = child;
        }
        positions.set(self.entries[at].1, at);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_is_exact_after_any_mix_of_inserts_delays_and_removals() {
        // A fixed linear congruential sequence: enough variety, the same on every run.
        let mut state = 7_u64;
        let mut next = move |below: u64| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) % below
        };
        let mut heap: Deadlines<u32> = Deadlines::default();
        let mut positions = Positions::default();
        let mut due: Vec<Option<Tick>> = vec![None; 64];
        for _ in 0..20_000 {
            let index = next(64) as u32;
            match (due[index as usize], next(4)) {
                (None, _) => {
                    let at = Tick(next(1_000));
                    due[index as usize] = Some(at);
                    heap.insert(&mut positions, index, at);
                }
                (Some(_), 0) => {
                    due[index as usize] = None;
                    heap.remove(&mut positions, index);
                }
                (Some(at), 3) => {
                    let earlier = Tick(at.0.saturating_sub(next(50)));
                    due[index as usize] = Some(earlier);
                    heap.lower(&mut positions, index, earlier);
                }
                (Some(at), _) => due[index as usize] = Some(Tick(at.0 + next(50))),
            }
            let really = |index: u32| due[index as usize].expect("only live indices are asked for");
            let first = heap.first_at(&mut positions, really, &mut Budget::of(u32::MAX));
            assert_eq!(first, due.iter().flatten().min().copied());
            let now = Tick(next(1_100));
            let mut seen = heap.scan(now, 64, really, &mut Budget::of(u32::MAX));
            seen.due.sort_unstable();
            let expected: Vec<u32> = (0..64).filter(|i| due[*i as usize].is_some_and(|at| at <= now)).collect();
            assert_eq!((seen.due, seen.complete), (expected, true));
            assert_eq!(seen.next, due.iter().flatten().filter(|at| **at > now).min().copied());
            let few = heap.scan(now, 64, really, &mut Budget::of(5 * Budget::READ));
            assert!(few.due.len() <= 5 && few.next.is_none_or(|next| next > now));
            assert!(few.next <= seen.next || seen.next.is_none(), "never too late");
            let first_due = heap.first_due(&mut positions, now, really, &mut Budget::of(u32::MAX));
            assert_eq!(first_due.map(|(at, _)| at), first.filter(|at| *at <= now));
            assert_eq!(heap.noted(), first);
        }
    }

    /// All deadlines were postponed since they were noted: a read corrects some of them, not all.
    #[test]
    fn what_a_look_puts_right_is_bounded() {
        let (mut heap, mut positions) = (Deadlines::<u32>::default(), Positions::default());
        (0..10_000).for_each(|index| heap.insert(&mut positions, index, Tick(1)));
        let really = |index: u32| Tick(1_000 + u64::from(index));
        let mut rounds = 0;
        loop {
            let mut budget = Budget::of(100 * Budget::READ);
            assert_eq!(heap.first_due(&mut positions, Tick(500), really, &mut budget), None);
            assert!(budget.total() <= u64::from(100 * Budget::READ));
            if !budget.is_spent() {
                break;
            }
            rounds += 1;
        }
        assert_eq!((rounds, heap.noted()), (100, Some(Tick(1_000))));
    }
}
