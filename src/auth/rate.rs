//! Rate limits: a token bucket for each key, which fills again with time.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

pub use crate::ledger::rates::Rate;

/// Token buckets by key; only those that are not full are kept.
#[derive(Debug)]
pub struct Buckets<K> {
    rate: Rate,
    max_keys: usize,
    /// For each key: the time that its bucket needs until it is full, and when this was true.
    buckets: Mutex<HashMap<K, (Duration, Duration)>>,
}

impl<K: Hash + Eq> Buckets<K> {
    /// `max_keys`: maximum number of keys. While as many buckets are not full, further keys are not limited.
    #[must_use]
    pub fn new(rate: Rate, max_keys: usize) -> Self {
        Self { rate, max_keys, buckets: Mutex::default() }
    }

    /// Takes one token; `now` must never go back.
    ///
    /// # Errors
    /// The bucket is empty: the time until it has a token.
    pub fn take(&self, key: K, now: Duration) -> Result<(), Duration> {
        let Rate { burst, each } = self.rate;
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        if buckets.len() >= self.max_keys && !buckets.contains_key(&key) {
            buckets.retain(|_, (missing, then)| *missing > now.saturating_sub(*then));
            if buckets.len() >= self.max_keys {
                return Ok(());
            }
        }
        let (missing, then) = buckets.entry(key).or_insert((Duration::ZERO, now));
        let still = missing.saturating_sub(now.saturating_sub(*then));
        let room = each.saturating_mul(burst).saturating_sub(still);
        if room < each {
            return Err(each - room);
        }
        (*missing, *then) = (still + each, now);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: Rate = Rate { burst: 2, each: Duration::from_secs(10) };

    fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn so_many_at_once_and_then_one_each() {
        let buckets = Buckets::new(RATE, 10);
        for (key, now, expected) in [
            ("a", 0, Ok(())),
            ("a", 0, Ok(())),
            ("a", 0, Err(at(10))),
            ("a", 9, Err(at(1))),
            ("b", 9, Ok(())),
            ("a", 10, Ok(())),
            ("a", 10, Err(at(10))),
            ("a", 1_000, Ok(())),
            ("a", 1_000, Ok(())),
            ("a", 1_000, Err(at(10))),
        ] {
            assert_eq!(buckets.take(key, at(now)), expected, "{key} at {now}");
        }
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let buckets = Buckets::new(RATE, 2);
        (0..2).for_each(|key| assert_eq!(buckets.take(key, at(0)), Ok(())));
        // There is no room for a third key: it is not limited, and the others are.
        (0..9).for_each(|_| assert_eq!(buckets.take(2, at(0)), Ok(())));
        assert_eq!((buckets.take(0, at(0)), buckets.take(0, at(0))), (Ok(()), Err(at(10))));
        // Full buckets are removed and make room.
        assert_eq!((buckets.take(2, at(50)), buckets.take(2, at(50))), (Ok(()), Ok(())));
        assert_eq!(buckets.take(2, at(50)), Err(at(10)));
        assert_eq!(buckets.buckets.lock().unwrap().len(), 1);
    }
}
