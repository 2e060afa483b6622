//! Times, which are arguments everywhere in the ledger: it never reads a clock.

pub use super::tick::Tick;
pub(in crate::ledger) use super::tick::millis;
pub use super::wall::WallTime;
use super::wall_line::WallLine;

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

impl WallLine {
    /// Moment of two readings; `None`: they show that the wall clock was set.
    #[must_use]
    pub fn moment_unless_set(&'static self, tick: Tick, wall: WallTime) -> Option<Moment> {
        let moment = Moment { line: Some(self), ..Moment::new(tick, wall) };
        self.note_unless_set(tick, wall).then_some(moment)
    }

    /// Moment of two readings. If they show that the wall clock was set, the new offset applies from now on, after
    /// everything that has a tick already.
    #[must_use]
    pub fn moment(&'static self, tick: Tick, wall: WallTime) -> Moment {
        self.note(tick, wall);
        Moment { line: Some(self), ..Moment::new(tick, wall) }
    }
}
