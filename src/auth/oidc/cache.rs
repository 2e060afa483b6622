//! Cache of verified tokens, so that not every heartbeat costs a signature check.

use std::collections::HashMap;
use std::mem;
use std::sync::Arc;

use crate::auth::Principal;
use crate::ledger::time::WallTime;

/// Maximum number of cached tokens.
const MAX_TOKENS: usize = 10_000;

/// SHA-256 of a token: no token is kept in memory.
pub type TokenHash = [u8; 32];

/// A cache of two halves: when the younger one is full, the older one is dropped as a whole; a token that is used moves
/// to the younger one. It contains only valid tokens, so that clients without one cannot evict others.
#[derive(Debug, Default)]
pub struct Cache {
    /// Version of the keys by which its tokens were verified.
    keys: u64,
    young: HashMap<TokenHash, Good>,
    old: HashMap<TokenHash, Good>,
}

#[derive(Debug, Clone)]
struct Good {
    end: WallTime,
    principal: Arc<Principal>,
}

impl Cache {
    /// Returns the principal of a token that was verified with `keys` and has not expired.
    pub fn get(&mut self, hash: &TokenHash, keys: u64, now: WallTime) -> Option<Arc<Principal>> {
        if self.keys != keys {
            return None;
        }
        if !self.young.contains_key(hash) {
            let good = self.old.remove(hash)?;
            self.insert(*hash, good);
        }
        let good = self.young.get(hash)?;
        (now < good.end).then(|| Arc::clone(&good.principal))
    }

    /// Adds a token that was verified with `keys`.
    pub fn put(&mut self, hash: TokenHash, keys: u64, end: WallTime, principal: Arc<Principal>) {
        if keys < self.keys {
            return; // Verified while the keys were replaced.
        }
        if keys > self.keys {
            *self = Self { keys, ..Self::default() };
        }
        self.insert(hash, Good { end, principal });
    }

    fn insert(&mut self, hash: TokenHash, good: Good) {
        if self.young.len() >= MAX_TOKENS / 2 {
            self.old = mem::take(&mut self.young);
        }
        self.young.insert(hash, good);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hash(number: usize) -> TokenHash {
        let mut hash = [0; 32];
        hash[..8].copy_from_slice(&number.to_le_bytes());
        hash
    }

    fn anybody() -> Arc<Principal> {
        Arc::new(Principal::anonymous())
    }

    #[test]
    fn a_token_is_kept_until_it_ends_and_while_its_keys_are_in_force() {
        let mut cache = Cache::default();
        cache.put(hash(1), 1, WallTime(100), anybody());
        assert!(cache.get(&hash(1), 1, WallTime(99)).is_some());
        assert!(cache.get(&hash(1), 1, WallTime(100)).is_none());
        assert!(cache.get(&hash(2), 1, WallTime(0)).is_none());
        assert!(cache.get(&hash(1), 2, WallTime(0)).is_none(), "the keys have changed");
        cache.put(hash(2), 2, WallTime(100), anybody());
        cache.put(hash(3), 1, WallTime(100), anybody());
        assert!(cache.get(&hash(2), 2, WallTime(0)).is_some());
        assert!(cache.get(&hash(1), 2, WallTime(0)).is_none() && cache.get(&hash(3), 2, WallTime(0)).is_none());
    }

    #[test]
    fn it_is_bounded_and_keeps_what_is_asked_for() {
        let mut cache = Cache::default();
        for number in 0..5 * MAX_TOKENS {
            cache.put(hash(number), 1, WallTime(100), anybody());
            assert!(cache.get(&hash(0), 1, WallTime(0)).is_some(), "{number}");
            assert!(cache.young.len() + cache.old.len() <= MAX_TOKENS);
        }
        assert!(cache.get(&hash(1), 1, WallTime(0)).is_none());
    }
}
