//! A batch in the making: everything that was applied since the last one was sent, and who waits for it.

use std::collections::BTreeSet;

use super::JournalError;
use super::reply::ReplyChannel;
use crate::ids::{EventNo, LicenseId, TenantId, TenantNo, TokenId};
use crate::ledger::change::{Change, Changes};
use crate::ledger::command::{Outcome, QueryResult};
use crate::ledger::notification::Topic;
use crate::spans::TracedCommand;
use crate::store::{Batch, Position};

/// Somebody who hears the answer when the batch is durable.
pub(super) enum Waiter {
    Command(ReplyChannel<Outcome>, Outcome),
    Query(ReplyChannel<QueryResult>, QueryResult),
}

impl Waiter {
    pub fn answer(self) {
        match self {
            Waiter::Command(reply, outcome) => reply.send(Ok(outcome)),
            Waiter::Query(reply, found) => reply.send(Ok(found)),
        }
    }

    pub fn fail(self, error: JournalError) {
        match self {
            Waiter::Command(reply, _) => reply.send(Err(error)),
            Waiter::Query(reply, _) => reply.send(Err(error)),
        }
    }

    /// What is traced of it.
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
    /// Sent even if nothing changed: to show the owner to the fence.
    pub wanted: bool,
    /// Somebody waits for it whose command took one step.
    pub others: bool,
}

impl OpenBatch {
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty() && self.waiters.is_empty() && !self.wanted
    }

    /// State changed, not only the audit of denials: reads must wait.
    pub fn is_dirty(&self) -> bool {
        !self.changes.rows.is_empty()
    }

    /// Takes back what a command wrote that did not end well.
    pub fn truncate(&mut self, rows: usize, events: usize) {
        self.changes.rows.truncate(rows);
        self.changes.events.truncate(events);
    }
}

/// The highest numbers of a tenant and of an event when these changes are stored. Not the ledger's: it has given numbers to
/// what was not kept, when a command panicked, and the numbers that are stored have no gaps.
pub(super) fn numbers(changes: &Changes, before: Position) -> (TenantNo, EventNo) {
    let tenants = changes.rows.iter().filter_map(|row| match row {
        Change::PutTenant(row) => Some(row.no),
        _ => None,
    });
    let events = changes.events.iter().map(|event| event.no);
    (tenants.fold(before.last_tenant, Ord::max), events.fold(before.last_event, Ord::max))
}

/// Makes the transaction: each key once, its last state; sorted, so that two batches take locks in one order.
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
        // A tenant's number is never given twice, so the deletion is the last word about all of its rows.
        rows.retain(|row| matches!(row, Change::DeleteTenant(_)) || !deleted.contains(&key(row).1));
    }
    rows.sort_by(|a, b| key(a).cmp(&key(b)));
    keep_last(&mut rows, |a, b| key(a) == key(b));
    events.sort_by_key(|event| event.no);
    keep_last(&mut events, |a, b| a.no == b.no);
    Batch { position, rows, events }
}

/// Of neighbors that are the same, keeps the last.
fn keep_last<T>(items: &mut Vec<T>, same: impl Fn(&T, &T) -> bool) {
    items.reverse();
    items.dedup_by(|a, b| same(a, b));
    items.reverse();
}

type Key<'a> = (u8, TenantNo, u32, u32, Name<'a>);

/// The part of a key that is no number.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Name<'a> {
    None,
    License(&'a LicenseId, u64),
    Topic(&'a Topic),
    Token(TokenId),
    Floor(&'a TenantId, &'a LicenseId),
}

/// A row's table and key. A put and a deletion of one row have the same.
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
        Change::PutSession(row) => plain(7, row.tenant, row.user.0, row.no.into()),
        Change::DeleteSession(tenant, user, session_no) => plain(7, *tenant, user.0, (*session_no).into()),
        Change::PutNotification(row) => (8, row.tenant, 0, 0, Name::Topic(&row.topic)),
        Change::DeleteNotification(tenant, topic) => (8, *tenant, 0, 0, Name::Topic(topic)),
        // Of no tenant, whose numbers begin with 1.
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
