//! Hash maps whose hashing is an argument: two ledgers with one seed behave alike to the byte, and nobody
//! outside knows the seed that a running service took, so nobody can choose ids that collide.

use std::collections::HashMap;
use std::hash::{BuildHasher, DefaultHasher, Hasher};

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
