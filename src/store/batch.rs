//! A batch: all changes that one transaction writes.

use std::collections::BTreeSet;

use super::Position;
use crate::ids::{LicenseId, TenantId, TenantNo, TokenId};
use crate::ledger::change::{AuditEvent, Change, Changes};
use crate::ledger::notification::Topic;

/// Changes and events that one transaction writes; each key occurs once.
#[derive(Debug)]
pub struct Batch {
    /// Position of the shard once this batch is committed. `position.seq - 1` must be the store's `seq`.
    pub position: Position,
    /// One change per key, except that a deletion of a tenant covers all its rows. Sorted by table and key, deletions
    /// of tenants first.
    pub rows: Vec<Change>,
    /// One event per number, in ascending order. An event that was committed before differs only in its count (R21).
    pub events: Vec<AuditEvent>,
}

impl Batch {
    /// Makes the transaction: each key once, with its last state, sorted by key, so that all batches take their locks in
    /// the same order.
    #[must_use]
    pub fn new(changes: Changes, position: Position) -> Self {
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
        Self { position, rows, events }
    }
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
        let batch = Batch::new(Changes { rows, events: Vec::new() }, Position::default());
        assert_eq!(batch.rows, vec![pool(1, 1, "a"), pool(1, 2, "c"), seat]);
    }

    #[test]
    fn each_revision_of_a_license_is_a_row_of_its_own() {
        let gone = |id: &str, revision| Change::DeleteLicense(TenantNo(1), LicenseId::stored(id), revision);
        let rows = vec![gone("b", 1), gone("a", 2), gone("a", 1), gone("a", 2)];
        let batch = Batch::new(Changes { rows, events: Vec::new() }, Position::default());
        assert_eq!(batch.rows, vec![gone("a", 1), gone("a", 2), gone("b", 1)]);
    }

    #[test]
    fn a_deleted_tenant_leaves_nothing_else_of_it_in_the_batch() {
        let rows = vec![pool(1, 1, "a"), pool(2, 1, "kept"), Change::DeleteTenant(TenantNo(1)), pool(2, 2, "too")];
        let batch = Batch::new(Changes { rows, events: Vec::new() }, Position::default());
        assert_eq!(batch.rows, vec![Change::DeleteTenant(TenantNo(1)), pool(2, 1, "kept"), pool(2, 2, "too")]);
    }
}
