//! Hash maps with an explicit seed. Two ledgers with the same seed behave identically, and nobody outside knows the
//! seed of a running service, so nobody can choose ids that collide.

use std::collections::HashMap;
use std::hash::{BuildHasher, DefaultHasher, Hasher};

use hashbrown::HashTable;

use crate::ids::{SessionId, UserId};

/// Seed of all hashes in a ledger.
#[derive(Debug, Clone, Copy, Default)]
pub struct Seed(pub u64);

impl BuildHasher for Seed {
    type Hasher = DefaultHasher;

    fn build_hasher(&self) -> DefaultHasher {
        let mut hasher = DefaultHasher::new();
        hasher.write_u64(self.0);
        hasher
    }
}

/// No decision and no answer may depend on the order of iteration.
pub(in crate::ledger) type Map<K, V> = HashMap<K, V, Seed>;

/// Key by which an [`Index`] finds items.
pub(in crate::ledger) trait Key: Eq {
    fn hashed(&self, seed: Seed) -> u64;
}

impl Key for &UserId {
    fn hashed(&self, seed: Seed) -> u64 {
        seed.hash_one(self)
    }
}

/// Session ids are random and made by the server: nobody can choose one, so their own bits serve as the hash.
impl Key for SessionId {
    fn hashed(&self, seed: Seed) -> u64 {
        /// Odd, with its bits spread out: 2^64 divided by the golden ratio.
        const SPREAD: u64 = 0x9e37_79b9_7f4a_7c15;
        let (high, low) = self.0.as_u64_pair();
        (high ^ low ^ seed.0).wrapping_mul(SPREAD)
    }
}

/// Finds items of a list by a key that the item contains. It takes four bytes for each item, where a map would store
/// each key a second time. The caller owns the list, and passes `key_of` to read it.
///
/// It grows incrementally: moving all numbers of a million users into a larger table at once would take a step 30 ms
/// (I9).
#[derive(Debug)]
pub(in crate::ledger) struct Index {
    seed: Seed,
    numbers: HashTable<u32>,
    /// The smaller table, while the index grows.
    growing: Option<Box<Growing>>,
}

#[derive(Debug)]
struct Growing {
    numbers: HashTable<u32>,
    /// All buckets below this one are empty.
    bucket: usize,
}

/// Up to this number a table is moved at once.
const MAX_MOVED_AT_ONCE: usize = 1_024;
/// Buckets of the smaller table that each insertion empties. Two would be enough: the table has 8/7 buckets for each
/// number, and the larger table has room for as many numbers again.
const BUCKETS_PER_INSERTION: usize = 4;

impl Index {
    pub fn new(seed: Seed) -> Self {
        Self { seed, numbers: HashTable::new(), growing: None }
    }

    pub fn len(&self) -> usize {
        self.numbers.len() + self.growing.as_ref().map_or(0, |growing| growing.numbers.len())
    }

    pub fn find<K: Key>(&self, key: &K, key_of: impl Fn(u32) -> K) -> Option<u32> {
        let hash = key.hashed(self.seed);
        let find = |numbers: &HashTable<u32>| numbers.find(hash, |number| key_of(*number) == *key).copied();
        find(&self.numbers).or_else(|| find(&self.growing.as_ref()?.numbers))
    }

    /// The key must not be in the index yet, and its item must be in the list already.
    pub fn insert<K: Key>(&mut self, number: u32, key_of: impl Fn(u32) -> K) {
        let hash = |number: &u32| key_of(*number).hashed(self.seed);
        let count = self.numbers.len();
        // While it grows it is never full, unless very many were removed meanwhile: then the table grows by itself.
        if self.growing.is_none() && count >= MAX_MOVED_AT_ONCE && count == self.numbers.capacity() {
            let numbers = std::mem::replace(&mut self.numbers, HashTable::with_capacity(2 * count));
            self.growing = Some(Box::new(Growing { numbers, bucket: 0 }));
        }
        if let Some(growing) = &mut self.growing {
            growing.empty_into(&mut self.numbers, hash);
            self.growing.take_if(|growing| growing.numbers.is_empty());
        }
        self.numbers.insert_unique(hash(&number), number, hash);
    }

    /// The item must still be in the list.
    pub fn remove<K: Key>(&mut self, number: u32, key_of: impl Fn(u32) -> K) {
        let hash = key_of(number).hashed(self.seed);
        let smaller = self.growing.as_mut().map(|growing| &mut growing.numbers);
        for numbers in [Some(&mut self.numbers), smaller].into_iter().flatten() {
            if let Ok(entry) = numbers.find_entry(hash, |other| *other == number) {
                entry.remove();
            }
        }
    }
}

impl Growing {
    /// Moves the content of the next few buckets.
    fn empty_into(&mut self, larger: &mut HashTable<u32>, hash: impl Fn(&u32) -> u64) {
        let end = self.numbers.num_buckets().min(self.bucket + BUCKETS_PER_INSERTION);
        for bucket in self.bucket..end {
            if let Ok(entry) = self.numbers.get_bucket_entry(bucket) {
                let (number, _) = entry.remove();
                larger.insert_unique(hash(&number), number, &hash);
            }
        }
        self.bucket = end;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// For numbers that are their own keys.
    impl Key for u32 {
        fn hashed(&self, seed: Seed) -> u64 {
            seed.hash_one(self)
        }
    }

    #[test]
    fn an_index_grows_in_small_portions_and_loses_nothing() {
        let (mut index, mut moved) = (Index::new(Seed(7)), 0);
        for number in 0..50_000 {
            let before = index.numbers.len();
            let starts = index.growing.is_none();
            index.insert(number, |number| number);
            if number as usize > 2 * MAX_MOVED_AT_ONCE && !(starts && index.growing.is_some()) {
                moved = moved.max(index.numbers.len() - before);
            }
            assert_eq!(index.len(), number as usize + 1);
            // A number that is removed while the index grows is in neither table, and may be inserted again.
            if number % 3 == 0 {
                index.remove(number / 2, |number| number);
                assert_eq!(index.find(&(number / 2), |number| number), None);
                index.insert(number / 2, |number| number);
            }
        }
        assert!((2..=1 + BUCKETS_PER_INSERTION).contains(&moved), "{moved} numbers moved at once");
        assert!((0..50_000).all(|number| index.find(&number, |number| number) == Some(number)));
    }

    /// The larger table is full before the smaller one is empty: nothing is lost, and nothing is found twice.
    #[test]
    fn an_index_that_is_full_while_it_grows_loses_nothing() {
        let mut index = Index::new(Seed(7));
        let mut old = HashTable::with_capacity(64 * MAX_MOVED_AT_ONCE);
        let hash = |number: &u32| number.hashed(Seed(7));
        for number in 0..1_000 {
            old.insert_unique(hash(&number), number, hash);
        }
        index.growing = Some(Box::new(Growing { numbers: old, bucket: 0 }));
        for number in 1_000..5_000 {
            index.insert(number, |number| number);
        }
        assert!(index.growing.is_some() && index.len() == 5_000);
        assert!((0..5_000).all(|number| index.find(&number, |number| number) == Some(number)));
    }
}
