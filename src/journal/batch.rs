//! The open batch: all changes applied since the last batch was sent, and the callers that wait for them.

use super::JournalError;
use super::reply::ReplyChannel;
use crate::ids::{EventNo, ShardId, TenantNo};
use crate::ledger::change::{Change, Changes};
use crate::ledger::command::{Outcome, QueryResult};
use crate::spans::TracedCommand;
use crate::store::Position;

/// A caller whose answer is sent when the batch is durable.
pub(super) enum Waiter {
    Command(ReplyChannel<Outcome>, Outcome),
    Query(ReplyChannel<QueryResult>, QueryResult),
}

impl Waiter {
    /// Sends the answer.
    pub fn answer(self) {
        match self {
            Waiter::Command(reply, outcome) => reply.send(Ok(outcome)),
            Waiter::Query(reply, found) => reply.send(Ok(found)),
        }
    }

    /// Sends an error instead of the answer.
    pub fn fail(self, error: JournalError) {
        match self {
            Waiter::Command(reply, _) => reply.send(Err(error)),
            Waiter::Query(reply, _) => reply.send(Err(error)),
        }
    }

    /// Sends the error of a batch that nobody knows the outcome of. A read changed nothing in any case.
    pub fn fail_unknown(self, shard: ShardId) {
        match self {
            Waiter::Command(reply, _) => reply.send(Err(JournalError::OutcomeUnknown(shard))),
            Waiter::Query(reply, _) => reply.send(Err(JournalError::NotApplied(shard))),
        }
    }

    /// Trace of the call, if the call is traced.
    pub fn work(&mut self) -> Option<Box<TracedCommand>> {
        match self {
            Waiter::Command(reply, _) => reply.work(),
            Waiter::Query(reply, _) => reply.work(),
        }
    }
}

#[derive(Default)]
pub(super) struct OpenBatch {
    pub changes: Changes,
    pub waiters: Vec<Waiter>,
    /// The batch is sent even if nothing changed, to check the fence.
    pub wanted: bool,
    /// A command that took a single step has changed something in this batch: other callers wait for it.
    pub others: bool,
}

impl OpenBatch {
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty() && self.waiters.is_empty() && !self.wanted
    }

    /// Returns whether rows changed. Reads then wait for the batch; for audit events of denials they need not wait.
    pub fn is_dirty(&self) -> bool {
        !self.changes.rows.is_empty()
    }

    /// Removes the changes that a failed command added: keeps the first `rows` rows and `events` events.
    pub fn truncate(&mut self, rows: usize, events: usize) {
        self.changes.rows.truncate(rows);
        self.changes.events.truncate(events);
    }
}

/// Highest tenant number and event number in the store once these changes are durable. The ledger's own numbers are not
/// used: after a command panicked they include numbers that were never stored, and stored numbers have no gaps.
pub(super) fn numbers(changes: &Changes, before: Position) -> (TenantNo, EventNo) {
    let tenants = changes.rows.iter().filter_map(|row| match row {
        Change::PutTenant(row) => Some(row.no),
        _ => None,
    });
    let events = changes.events.iter().map(|event| event.no);
    (tenants.fold(before.last_tenant, Ord::max), events.fold(before.last_event, Ord::max))
}
