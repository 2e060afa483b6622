//! How much work one step may do (I9). Whatever a caller asks, the shard's writer serves everybody else between two steps,
//! so what bounds a step is neither time (the ledger has no clock) nor the number of things, but what they cost.

/// What is left of a step's work, in units of about a nanosecond in a release build.
///
/// Loops whose length a caller chooses charge each turn, and end their step when [`Budget::is_spent`] says so; then a step
/// costs [`Budget::STEP`] and one turn of the loop at most.
#[derive(Debug, Default)]
pub struct Budget {
    left: u32,
    /// Rows and events that the step may still write. They are few because a commit takes longer the more it writes, and
    /// everybody waits for it.
    rows: u32,
    /// Everything that was ever charged.
    total: u64,
}

impl Budget {
    /// One step: a quarter of a millisecond.
    pub const STEP: u32 = 250_000;
    /// Rows and events that a step writes before it ends: on a slow disk some two milliseconds of a commit.
    pub const STEP_ROWS: u32 = 24;
    /// To look at a row: it mostly lies where no cache has it.
    pub const LOOK: u32 = 100;
    /// To write a row or an event: to make it here, to sort it, and to hand it to the store.
    pub const WRITE: u32 = 1_000;
    /// Numbers of eight bytes, moved along in memory, that cost one.
    pub const MOVED: usize = 2;
    /// What no step may exceed, whatever its last turn costs: ten steps, half of what I9 allows. Tests hold every call to it.
    pub const MAX_STEP_WORK: u64 = 10 * Self::STEP as u64;

    #[must_use]
    pub fn of(units: u32) -> Self {
        Self { left: units, rows: u32::MAX, total: 0 }
    }

    /// A new step begins.
    pub fn begin(&mut self) {
        (self.left, self.rows) = (Self::STEP, Self::STEP_ROWS);
    }

    /// Notifications that a command brought about are written with it, however many rows it wrote itself.
    pub fn for_notifications(&mut self) {
        self.rows = Self::STEP_ROWS;
    }

    /// A row or an event is written.
    pub fn write(&mut self, units: u32) {
        self.rows = self.rows.saturating_sub(1);
        self.spend(units);
    }

    pub fn spend(&mut self, units: u32) {
        self.left = self.left.saturating_sub(units);
        self.total += u64::from(units);
    }

    /// For things of one kind: bytes compared, rows passed over.
    pub fn spend_each(&mut self, count: usize, units: u32) {
        self.spend(u32::try_from(count).unwrap_or(u32::MAX).saturating_mul(units));
    }

    /// Whether the step is to end before the next turn of its loop.
    #[must_use]
    pub fn is_spent(&self) -> bool {
        self.left == 0 || self.rows == 0
    }

    /// Whether half of the step is left.
    #[must_use]
    pub fn has_half(&self) -> bool {
        self.left >= Self::STEP / 2
    }

    /// What was charged since the ledger was made, to tell what a step cost.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.total
    }
}
