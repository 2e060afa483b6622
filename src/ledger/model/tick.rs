//! Time on a shard's timeline.

use std::ops::Add;
use std::time::Duration;

/// Milliseconds on a shard's timeline, which never goes back, not even over a restart (R31). Every duration runs on it.
/// It starts at the wall time of the shard's first start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Tick(pub u64);

impl Tick {
    /// Later than every event.
    pub const NEVER: Tick = Tick(u64::MAX);

    /// Time from `earlier` to `self`; zero if `earlier` is later.
    #[must_use]
    pub fn since(self, earlier: Tick) -> Duration {
        Duration::from_millis(self.0.saturating_sub(earlier.0))
    }

    #[must_use]
    pub fn minus(self, duration: Duration) -> Tick {
        Tick(self.0.saturating_sub(millis(duration)))
    }
}

impl Add<Duration> for Tick {
    type Output = Tick;

    fn add(self, duration: Duration) -> Tick {
        Tick(self.0.saturating_add(millis(duration)))
    }
}

pub(in crate::ledger) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
