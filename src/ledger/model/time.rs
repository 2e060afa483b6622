//! Times, which are arguments everywhere in the ledger: it never reads a clock.

use std::fmt;
use std::ops::Add;
use std::time::Duration;

use super::wall_line::WallLine;

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

pub(in crate::ledger) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// Time of a decision: all commands of a batch have the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    pub tick: Tick,
    pub wall: WallTime,
    /// Wall times of earlier ticks; `None`: the clock was never set.
    pub line: Option<&'static WallLine>,
}

impl Moment {
    /// A moment of a clock that was never set.
    #[must_use]
    pub const fn new(tick: Tick, wall: WallTime) -> Self {
        Self { tick, wall, line: None }
    }

    /// Wall time of a tick: of a past one, as the clock showed it then; of a future one, by the clock as it is now.
    #[must_use]
    pub fn wall_of(&self, tick: Tick) -> WallTime {
        if let Some(wall) = self.line.and_then(|line| line.wall_of(tick)) {
            return wall;
        }
        if tick > self.tick { self.wall.plus(tick.since(self.tick)) } else { self.wall.minus(self.tick.since(tick)) }
    }
}
