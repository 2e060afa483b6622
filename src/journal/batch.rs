//! The open batch: all changes applied since the last batch was sent, and the callers that wait for them.

use std::collections::BTreeSet;

use super::JournalError;
use super::reply::ReplyChannel;
use crate::ids::{EventNo, LicenseId, ShardId, TenantId, TenantNo, TokenId};
use crate::ledger::change::{Change, Changes};
use crate::ledger::command::{Outcome, QueryResult};
use crate::ledger::notification::Topic;
use crate::spans::TracedCommand;
use crate::store::{Batch, Position};

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

/// Makes the transaction: each key once, with its last state, sorted by key, so that all batches take their locks in
/// the same order.
pub(super) fn make_batch(changes: Changes, position: Position) -> Batch {
    let Changes { mut rows, mut events } = changes;
    let deleted: BTreeSet<TenantNo> = rows
        .iter()
        .filter_map(|row| match row {
            Change::DeleteTenant(no) => Some(*no),
            _ => None,
        })
        .collect();
    if !deleted.is_empty() {
        // A tenant number is never given twice, so its deletion replaces all other changes of its rows.
        rows.retain(|row| matches!(row, Change::DeleteTenant(_)) || !deleted.contains(&key(row).1));
    }
    rows.sort_by(|a, b| key(a).cmp(&key(b)));
    keep_last(&mut rows, |a, b| key(a) == key(b));
    events.sort_by_key(|event| event.no);
    keep_last(&mut events, |a, b| a.no == b.no);
    Batch { position, rows, events }
}

/// Keeps the last one of equal neighbors.
fn keep_last<T>(items: &mut Vec<T>, same: impl Fn(&T, &T) -> bool) {
    items.reverse();
    items.dedup_by(|a, b| same(a, b));
    items.reverse();
}

type Key<'a> = (u8, TenantNo, u32, u32, Name<'a>);

/// The part of a key that is not a number.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Name<'a> {
    None,
    License(&'a LicenseId, u64),
    Topic(&'a Topic),
    Token(TokenId),
    Floor(&'a TenantId, &'a LicenseId),
}

/// Sort key of a row: its table and primary key. A put and a deletion of the same row have equal keys.
fn key(change: &Change) -> Key<'_> {
    let plain = |table: u8, tenant: TenantNo, a: u32, b: u32| (table, tenant, a, b, Name::None);
    match change {
        Change::DeleteTenant(no) => plain(0, *no, 0, 0),
        Change::PutTenant(row) => plain(1, row.no, 0, 0),
        Change::PutLicense(row) => (2, row.tenant, 0, 0, Name::License(&row.id, row.revision)),
        Change::DeleteLicense(tenant, id, revision) => (2, *tenant, 0, 0, Name::License(id, *revision)),
        Change::PutPool(row) => plain(3, row.tenant, row.no.0.into(), 0),
        Change::PutOrganization(row) => plain(4, row.tenant, row.no.0, 0),
        Change::DeleteOrganization(tenant, no) => plain(4, *tenant, no.0, 0),
        Change::PutUser(row) => plain(5, row.tenant, row.no.0, 0),
        Change::DeleteUser(tenant, no) => plain(5, *tenant, no.0, 0),
        Change::PutSeat(row) => plain(6, row.tenant, row.user.0, row.pool.0.into()),
        Change::DeleteSeat(tenant, user, pool) => plain(6, *tenant, user.0, pool.0.into()),
        Change::PutSession(row) => plain(7, row.tenant, row.user.0, row.no.0.into()),
        Change::DeleteSession(tenant, user, session_no) => plain(7, *tenant, user.0, session_no.0.into()),
        Change::PutNotification(row) => (8, row.tenant, 0, 0, Name::Topic(&row.topic)),
        Change::DeleteNotification(tenant, topic) => (8, *tenant, 0, 0, Name::Topic(topic)),
        // Rows that belong to no tenant get number 0; tenant numbers begin with 1.
        Change::PutToken(row) => (9, TenantNo(0), 0, 0, Name::Token(row.id)),
        Change::DeleteToken(id) => (9, TenantNo(0), 0, 0, Name::Token(*id)),
        Change::PutLicenseFloor(row) => (10, TenantNo(0), 0, 0, Name::Floor(&row.tenant, &row.license)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::{PoolId, PoolNo, UserNo};
    use crate::ledger::change::PoolRow;

    fn pool(tenant: u32, no: u16, id: &str) -> Change {
        Change::PutPool(PoolRow { tenant: TenantNo(tenant), no: PoolNo(no), id: PoolId::stored(id) })
    }

    #[test]
    fn the_last_change_of_a_key_counts_and_the_order_is_by_key() {
        let seat = Change::DeleteSeat(TenantNo(1), UserNo(1), PoolNo(1));
        let rows = vec![seat.clone(), pool(1, 2, "b"), pool(1, 1, "a"), pool(1, 2, "c")];
        let batch = make_batch(Changes { rows, events: Vec::new() }, Position::default());
        assert_eq!(batch.rows, vec![pool(1, 1, "a"), pool(1, 2, "c"), seat]);
    }

    #[test]
    fn each_revision_of_a_license_is_a_row_of_its_own() {
        let gone = |id: &str, revision| Change::DeleteLicense(TenantNo(1), LicenseId::stored(id), revision);
        let rows = vec![gone("b", 1), gone("a", 2), gone("a", 1), gone("a", 2)];
        let batch = make_batch(Changes { rows, events: Vec::new() }, Position::default());
        assert_eq!(batch.rows, vec![gone("a", 1), gone("a", 2), gone("b", 1)]);
    }

    #[test]
    fn a_deleted_tenant_leaves_nothing_else_of_it_in_the_batch() {
        let rows = vec![pool(1, 1, "a"), pool(2, 1, "kept"), Change::DeleteTenant(TenantNo(1)), pool(2, 2, "too")];
        let batch = make_batch(Changes { rows, events: Vec::new() }, Position::default());
        assert_eq!(batch.rows, vec![Change::DeleteTenant(TenantNo(1)), pool(2, 1, "kept"), pool(2, 2, "too")]);
    }
}
