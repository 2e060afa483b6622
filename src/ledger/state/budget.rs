//! Bounds the work of one step (I9). The shard's writer serves other callers between two steps. The ledger has no
//! clock, and the cost of an item varies, so a step is bounded by the cost of its work and not by time or number.

/// Remaining work of a step, in units of about a nanosecond in a release build.
///
/// Loops whose length the caller chooses charge each turn, and end their step when [`Budget::is_spent`] is true. So a
/// step costs at most [`Budget::STEP`] and one turn of the loop.
#[derive(Debug, Default)]
pub struct Budget {
    left: u32,
    /// Rows and events that the step may still write. They are few because everybody waits for a commit, which takes
    /// longer the more it writes.
    rows: u32,
    /// Sum of all charges.
    total: u64,
}

impl Budget {
    /// Budget of one step: a quarter of a millisecond.
    pub const STEP: u32 = 250_000;
    /// Rows and events that a step may write: about two milliseconds of a commit on a slow disk.
    pub const STEP_ROWS: u32 = 24;
    /// Cost of reading a row, which is usually in no cache.
    pub const READ: u32 = 100;
    /// Cost of writing a row or an event: building it, sorting it, and passing it to the store.
    pub const WRITE: u32 = 1_000;
    /// Number of eight-byte numbers that can be moved in memory for one unit.
    pub const WORDS_PER_UNIT: usize = 2;
    /// Bound of every step, whatever its last turn costs: ten steps, half of what I9 allows. Tests check it for every
    /// call.
    pub const MAX_STEP_WORK: u64 = 10 * Self::STEP as u64;

    /// A budget of so many units, without a bound of rows.
    #[must_use]
    pub fn of(units: u32) -> Self {
        Self { left: units, rows: u32::MAX, total: 0 }
    }

    /// Begins a new step.
    pub fn begin(&mut self) {
        (self.left, self.rows) = (Self::STEP, Self::STEP_ROWS);
    }

    /// Restores the budget of rows, so that a command's notifications are written with it, however many rows it wrote.
    pub fn for_notifications(&mut self) {
        self.rows = Self::STEP_ROWS;
    }

    /// Charges the writing of a row or an event.
    pub fn write(&mut self, units: u32) {
        self.rows = self.rows.saturating_sub(1);
        self.spend(units);
    }

    pub fn spend(&mut self, units: u32) {
        self.left = self.left.saturating_sub(units);
        self.total += u64::from(units);
    }

    /// Charges several items of one kind, such as bytes compared or rows skipped.
    pub fn spend_each(&mut self, count: usize, units: u32) {
        self.spend(u32::try_from(count).unwrap_or(u32::MAX).saturating_mul(units));
    }

    /// True if the step has to end before the next turn of its loop.
    #[must_use]
    pub fn is_spent(&self) -> bool {
        self.left == 0 || self.rows == 0
    }

    /// True if half of the step's work is left.
    #[must_use]
    pub fn has_half(&self) -> bool {
        self.left >= Self::STEP / 2
    }

    /// Sum of all charges since the ledger was created; the difference of two values is the cost of a step.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.total
    }
}
