//! One step of a run, as data: what happens, and when. Every step says its own time and its own ids, so that a run
//! can be shortened by leaving steps out.

use usher::ids::TenantId;
use usher::ledger::command::{Command, Query};
use usher::ledger::time::Moment;

#[derive(Debug, Clone)]
pub struct Step {
    /// Its place in the whole run; it keeps it when others are left out.
    pub no: usize,
    pub now: Moment,
    pub kind: StepKind,
}

#[derive(Debug, Clone)]
pub enum StepKind {
    Command(TenantId, Command),
    /// A list is read to its end, `limit` rows at a time.
    Query(TenantId, Query),
    Tick {
        all: bool,
    },
    /// A new ledger from the rows alone.
    Restart,
}
