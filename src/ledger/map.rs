//! Hash maps whose hashing is an argument: two ledgers with one seed behave alike to the byte, and nobody
//! outside knows the seed that a running service took, so nobody can choose ids that collide.

use std::collections::HashMap;
use std::hash::{BuildHasher, DefaultHasher, Hash, Hasher};

use hashbrown::HashTable;

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

    pub fn find<K: Hash + Eq>(&self, key: &K, key_of: impl Fn(u32) -> K) -> Option<u32> {
        self.numbers.find(self.seed.hash_one(key), |number| key_of(*number) == *key).copied()
    }

    /// The key must not be there yet, and its thing must be in the list already.
    pub fn insert<K: Hash + Eq>(&mut self, number: u32, key_of: impl Fn(u32) -> K) {
        let hash = |number: &u32| self.seed.hash_one(key_of(*number));
        self.numbers.insert_unique(hash(&number), number, hash);
    }

    /// The thing must still be in the list.
    pub fn remove<K: Hash + Eq>(&mut self, number: u32, key_of: impl Fn(u32) -> K) {
        let hash = self.seed.hash_one(key_of(number));
        if let Ok(entry) = self.numbers.find_entry(hash, |other| *other == number) {
            entry.remove();
        }
    }
}
