//! Queries about a whole shard.

use crate::ledger::model::command::{Operation, Query};
use crate::ledger::model::time::Moment;
use crate::ledger::state::budget::Budget;
use crate::ledger::state::ledger::Ledger;
use crate::ledger::state::walk::Walk;

/// A query about a whole shard.
pub(in crate::ledger) trait ShardQuery: Operation<Kind = Query> {
    /// Takes one step. Returns `None` if there are more.
    fn read(&self, ledger: &Ledger, walk: &mut Walk, now: Moment, budget: &mut Budget) -> Option<Self::Answer>;
}
