//! One step of a run, as data: its action and its time. Every step has its own time and its own ids, so that a run can
//! be shortened by leaving steps out.

use usher::ids::TenantId;
use usher::ledger::command::{Command, Query};
use usher::ledger::time::Moment;

#[derive(Debug, Clone)]
pub struct Step {
    /// The step's number in the whole run; it stays when other steps are left out.
    pub no: usize,
    pub now: Moment,
    pub kind: StepKind,
}

#[derive(Debug, Clone)]
pub enum StepKind {
    Command(TenantId, Command),
    /// Reads a list to its end, `limit` rows at a time.
    Query(TenantId, Query),
    Tick {
        all: bool,
    },
    /// Loads a new ledger from the rows alone.
    Restart,
}
