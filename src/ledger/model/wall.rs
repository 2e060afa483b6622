//! Wall time.

use std::fmt;
use std::time::Duration;

use super::tick::millis;

/// Wall time: milliseconds since 1970-01-01 UTC. Only for people and for the dates of licenses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct WallTime(pub i64);

impl WallTime {
    /// The last millisecond of the year 9999: the latest date that can be written.
    pub const LAST: WallTime = WallTime(253_402_300_799_999);

    #[must_use]
    pub fn minus(self, duration: Duration) -> WallTime {
        WallTime(self.0.saturating_sub_unsigned(millis(duration)))
    }

    #[must_use]
    pub fn plus(self, duration: Duration) -> WallTime {
        WallTime(self.0.saturating_add_unsigned(millis(duration)))
    }

    /// Time from `earlier` to `self`; zero if `earlier` is later.
    #[must_use]
    pub fn since(self, earlier: WallTime) -> Duration {
        Duration::from_millis(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }
}

impl fmt::Display for WallTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ms", self.0)
    }
}
