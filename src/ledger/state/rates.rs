//! Rate limits by key: a number of events at once, and then one more as time passes. They bound what a login service
//! can make grow. In memory only: after a load every budget is full.

use std::collections::VecDeque;
use std::hash::Hash;
use std::time::Duration;

use super::map::{Map, Seed};
use crate::ledger::model::time::Tick;

/// A burst, and the pace at which it is refilled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// Number of events that are possible at once.
    pub burst: u32,
    /// Time after which one more is possible.
    pub each: Duration,
}

impl Rate {
    /// `count` at once, and `count` more in each `period`.
    #[must_use]
    pub const fn per(count: u32, period: Duration) -> Self {
        Self { burst: count, each: Duration::from_nanos(period.as_nanos() as u64 / count as u64) }
    }
}

const HOUR: Duration = Duration::from_secs(60 * 60);

/// Budgets of each tenant, and of each creator of tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateLimits {
    /// Denials of one tenant that have an audit event of their own (R21). Those beyond are summed by reason.
    pub denials: Rate,
    /// Users that one tenant admits at login (`unknown_users = ADMIT`).
    pub admissions: Rate,
    /// Notifications that are delivered again: of one tenant, and of one notification.
    pub redeliveries: Rate,
    pub redeliveries_of_one: Rate,
    /// API tokens: created by one caller, and created for one tenant.
    pub tokens: Rate,
}

impl RateLimits {
    pub const DEFAULT: RateLimits = RateLimits {
        denials: Rate::per(20_000, HOUR),
        admissions: Rate::per(10_000, HOUR),
        redeliveries: Rate::per(20, HOUR),
        redeliveries_of_one: Rate::per(5, HOUR),
        tokens: Rate::per(200, HOUR),
    };
}

impl Default for RateLimits {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// Keys whose budget is not full, with the time at which each will be.
#[derive(Debug)]
pub(in crate::ledger) struct Limiter<K> {
    rate: Rate,
    /// Microseconds on the shard's timeline.
    whole_at: Map<K, u64>,
    /// All keys of the map, each once. Each insertion checks a few, so that few keys with a full budget remain.
    keys: VecDeque<K>,
}

impl<K: Hash + Eq + Clone> Limiter<K> {
    pub fn new(rate: Rate, seed: Seed) -> Self {
        Self { rate, whole_at: Map::with_hasher(seed), keys: VecDeque::new() }
    }

    /// Time at which the budget will be full again if one is taken, in microseconds.
    ///
    /// # Errors
    /// Returns the time until one is available, if the budget is spent.
    pub fn check(&self, key: &K, now: Tick) -> Result<u64, Duration> {
        let now = micros(now);
        let each = u64::try_from(self.rate.each.as_micros()).unwrap_or(u64::MAX).max(1);
        let from = self.whole_at.get(key).copied().unwrap_or(now).max(now);
        let whole_at = from.saturating_add(each);
        let (missing, max) = (whole_at - now, each.saturating_mul(self.rate.burst.into()));
        if missing > max {
            return Err(Duration::from_micros(missing - max));
        }
        Ok(whole_at)
    }

    /// Takes one.
    ///
    /// # Errors
    /// Returns the time until one is available, if the budget is spent.
    pub fn take(&mut self, key: &K, now: Tick) -> Result<(), Duration> {
        let whole_at = self.check(key, now)?;
        if self.whole_at.insert(key.clone(), whole_at).is_none() {
            self.forget_whole(micros(now));
            self.keys.push_back(key.clone());
        }
        Ok(())
    }

    fn forget_whole(&mut self, now: u64) {
        for _ in 0..2.min(self.keys.len()) {
            let Some(key) = self.keys.pop_front() else { return };
            if self.whole_at.get(&key).is_some_and(|at| *at > now) {
                self.keys.push_back(key);
            } else {
                self.whole_at.remove(&key);
            }
        }
    }
}

fn micros(tick: Tick) -> u64 {
    tick.0.saturating_mul(1_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn budget() -> Limiter<u32> {
        Limiter::new(Rate { burst: 2, each: Duration::from_secs(10) }, Seed(1))
    }

    #[test]
    fn so_many_at_once_and_then_one_each() {
        let mut budget = budget();
        let seconds = Duration::from_secs;
        for (key, now, expected) in [
            (1, 0, Ok(())),
            (1, 0, Ok(())),
            (1, 0, Err(seconds(10))),
            (1, 9, Err(seconds(1))),
            (2, 9, Ok(())),
            (1, 10, Ok(())),
            (1, 10, Err(seconds(10))),
            (1, 1_000, Ok(())),
            (1, 1_000, Ok(())),
            (1, 1_000, Err(seconds(10))),
        ] {
            assert_eq!(budget.take(&key, Tick(now * 1_000)), expected, "{key} at {now}");
        }
    }

    #[test]
    fn keys_whose_budget_is_whole_are_forgotten() {
        let mut budget = budget();
        for key in 0..10_000 {
            // One a second; each budget is full again after ten.
            assert_eq!(budget.take(&key, Tick(u64::from(key) * 1_000)), Ok(()));
        }
        assert!(budget.keys.len() < 30, "{}", budget.keys.len());
        assert_eq!(budget.keys.len(), budget.whole_at.len());
    }
}
