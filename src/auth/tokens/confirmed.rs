//! When the token index of one of several processes was confirmed.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::clock::Clock;

/// The time at which the last confirmation was asked for: what it says was true then, or later.
#[derive(Debug)]
pub(super) struct Confirmed {
    clock: Clock,
    /// Boot time at which the index was made, empty.
    made: Duration,
    /// In milliseconds of boot time, which a suspended machine counts, too; 0: never.
    at: AtomicU64,
}

impl Confirmed {
    pub fn new(clock: Clock) -> Self {
        Self { made: clock.boot_time(), clock, at: AtomicU64::new(0) }
    }

    pub fn now(&self) -> Duration {
        self.clock.boot_time()
    }

    pub fn set(&self, asked: Duration) {
        self.at.fetch_max(millis(asked).max(1), Ordering::Release);
    }

    /// True if a later confirmation is known.
    pub fn is_after(&self, asked: Duration) -> bool {
        self.at.load(Ordering::Acquire) > millis(asked).max(1)
    }

    /// Time since the last confirmation, or since the index was made.
    pub fn age(&self) -> Duration {
        let last = Some(self.at.load(Ordering::Acquire)).filter(|at| *at > 0).map(Duration::from_millis);
        self.now().saturating_sub(last.unwrap_or(self.made))
    }

    /// True if there was a confirmation, less than `max` ago.
    pub fn is_fresh(&self, max: Duration) -> bool {
        self.at.load(Ordering::Acquire) > 0 && self.age() < max
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
