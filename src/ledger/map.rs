//! Hash maps whose hashing is an argument: two ledgers with one seed behave alike to the byte, and nobody
//! outside knows the seed that a running service took, so nobody can choose ids that collide.

use std::collections::HashMap;
use std::hash::{BuildHasher, DefaultHasher, Hasher};

use hashbrown::HashTable;

use crate::ids::{SessionId, UserId};

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

/// Nothing that is decided or shown may depend on the order in which this map iterates.
pub(super) type Map<K, V> = HashMap<K, V, Seed>;

/// What an [`Index`] finds things by.
pub(super) trait Key: Eq {
    fn hashed(&self, seed: Seed) -> u64;
}

impl Key for &UserId {
    fn hashed(&self, seed: Seed) -> u64 {
        seed.hash_one(self)
    }
}

/// Session ids are random and ours: nobody chooses one that is in the index, so their own bits are hash enough.
impl Key for SessionId {
    fn hashed(&self, seed: Seed) -> u64 {
        /// Odd, with its bits spread out: 2^64 divided by the golden ratio.
        const SPREAD: u64 = 0x9e37_79b9_7f4a_7c15;
        let (high, low) = self.0.as_u64_pair();
        (high ^ low ^ seed.0).wrapping_mul(SPREAD)
    }
}

/// Finds things in a list by a key that lies in the thing itself: four bytes each, where a map would hold every key a
/// second time. Who calls knows the list, and lends it as `key_of`.
#[derive(Debug)]
pub(super) struct Index {
    seed: Seed,
    numbers: HashTable<u32>,
}

impl Index {
    pub fn new(seed: Seed) -> Self {
        Self { seed, numbers: HashTable::new() }
    }

    pub fn len(&self) -> usize {
        self.numbers.len()
    }

    pub fn find<K: Key>(&self, key: &K, key_of: impl Fn(u32) -> K) -> Option<u32> {
        self.numbers.find(key.hashed(self.seed), |number| key_of(*number) == *key).copied()
    }

    /// The key must not be there yet, and its thing must be in the list already.
    pub fn insert<K: Key>(&mut self, number: u32, key_of: impl Fn(u32) -> K) {
        let hash = |number: &u32| key_of(*number).hashed(self.seed);
        self.numbers.insert_unique(hash(&number), number, hash);
    }

    /// The thing must still be in the list.
    pub fn remove<K: Key>(&mut self, number: u32, key_of: impl Fn(u32) -> K) {
        let hash = key_of(number).hashed(self.seed);
        if let Ok(entry) = self.numbers.find_entry(hash, |other| *other == number) {
            entry.remove();
        }
    }
}
