//! A heap of moments that may be early but never late: what is put off (a heartbeat extends a lease) does not
//! touch the heap; the first entry is put right when somebody looks. So a heartbeat costs nothing here.

use super::time::Tick;

/// Where each index stands in its heap, kept by the heap's owner: several heaps over disjoint sets of the
/// same indices share one.
pub(super) type Positions = Vec<u32>;

#[derive(Debug, Default)]
pub(super) struct Deadlines {
    /// A binary min-heap of (not later than due, index).
    entries: Vec<(Tick, u32)>,
}

impl Deadlines {
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    pub fn clear(&mut self) {
        self.entries.clear();
    }

    pub fn insert(&mut self, positions: &mut Positions, index: u32, due: Tick) {
        if positions.len() <= index as usize {
            positions.resize(index as usize + 1, 0);
        }
        self.entries.push((due, index));
        self.rise(positions, self.entries.len() - 1);
    }

    /// An index may be due earlier than it is noted. It must be in this heap.
    pub fn lower(&mut self, positions: &mut Positions, index: u32, due: Tick) {
        let at = positions[index as usize] as usize;
        assert!(self.entries.get(at).is_some_and(|entry| entry.1 == index), "index {index} is not in this heap");
        if due < self.entries[at].0 {
            self.entries[at].0 = due;
            self.rise(positions, at);
        }
    }

    /// Takes an index out. It must be in this heap.
    pub fn remove(&mut self, positions: &mut Positions, index: u32) {
        let at = positions[index as usize] as usize;
        assert!(self.entries.get(at).is_some_and(|entry| entry.1 == index), "index {index} is not in this heap");
        self.entries.swap_remove(at);
        if at < self.entries.len() {
            self.sink(positions, at);
            self.rise(positions, at);
        }
    }

    /// The entry that is due first, exactly: `due` tells when an index is really due.
    pub fn first(&mut self, positions: &mut Positions, due: impl Fn(u32) -> Tick) -> Option<(Tick, u32)> {
        loop {
            let (noted, index) = *self.entries.first()?;
            let really = due(index);
            if really <= noted {
                return Some((really, index));
            }
            self.entries[0].0 = really;
            self.sink(positions, 0);
        }
    }

    /// Every index that is due at `now`, in no particular order. Costs as many steps as there are.
    pub fn due_at(&self, now: Tick, due: impl Fn(u32) -> Tick) -> Vec<u32> {
        let mut found = Vec::new();
        let mut look = vec![0];
        while let Some(at) = look.pop() {
            let Some(&(noted, index)) = self.entries.get(at) else { continue };
            if noted > now {
                continue;
            }
            if due(index) <= now {
                found.push(index);
            }
            look.extend([2 * at + 1, 2 * at + 2]);
        }
        found
    }

    fn rise(&mut self, positions: &mut Positions, mut at: usize) {
        while at > 0 {
            let parent = (at - 1) / 2;
            if self.entries[parent].0 <= self.entries[at].0 {
                break;
            }
            self.entries.swap(parent, at);
            positions[self.entries[at].1 as usize] = at as u32;
            at = parent;
        }
        positions[self.entries[at].1 as usize] = at as u32;
    }

    fn sink(&mut self, positions: &mut Positions, mut at: usize) {
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
            positions[self.entries[at].1 as usize] = at as u32;
            at = child;
        }
        positions[self.entries[at].1 as usize] = at as u32;
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
        let mut heap = Deadlines::default();
        let mut positions = Positions::new();
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
            let first = heap.first(&mut positions, really).map(|(at, _)| at);
            assert_eq!(first, due.iter().flatten().min().copied());
            let now = Tick(next(1_100));
            let mut found = heap.due_at(now, really);
            found.sort_unstable();
            let expected: Vec<u32> = (0..64).filter(|i| due[*i as usize].is_some_and(|at| at <= now)).collect();
            assert_eq!(found, expected);
        }
    }
}
