//! Rows by key, as a store keeps them: the last put wins, and a deletion removes the row.

use std::collections::BTreeMap;

use usher::ids::TenantNo;
use usher::ledger::change::Change;

/// A row's table and key, in the order in which a load expects rows.
type Key = (u8, u32, u32, u32, String);

#[derive(Debug, Clone, Default)]
pub struct Rows(BTreeMap<Key, Change>);

impl Rows {
    pub fn apply(&mut self, changes: &[Change]) {
        for change in changes {
            match change {
                Change::DeleteTenant(no) => self.0.retain(|key, _| key.1 != no.0),
                Change::DeleteLicense(..)
                | Change::DeleteOrganization(..)
                | Change::DeleteUser(..)
                | Change::DeleteSeat(..)
                | Change::DeleteSession(..)
                | Change::DeleteNotification(..)
                | Change::DeleteToken(_) => {
                    self.0.remove(&key(change));
                }
                put => {
                    self.0.insert(key(put), put.clone());
                }
            }
        }
    }

    pub fn iter(&self) -> impl Iterator<Item = &Change> {
        self.0.values()
    }

    pub fn all(&self) -> Vec<Change> {
        self.0.values().cloned().collect()
    }
}

fn key(change: &Change) -> Key {
    let plain = |table: u8, tenant: TenantNo, a: u32, b: u32| (table, tenant.0, a, b, String::new());
    match change {
        Change::PutTenant(row) => plain(0, row.no, 0, 0),
        Change::DeleteTenant(no) => plain(0, *no, 0, 0),
        Change::PutLicense(row) => (1, row.tenant.0, 0, 0, format!("{} {:020}", row.id, row.revision)),
        Change::DeleteLicense(tenant, id, revision) => (1, tenant.0, 0, 0, format!("{id} {revision:020}")),
        Change::PutPool(row) => plain(2, row.tenant, row.no.0.into(), 0),
        Change::PutOrganization(row) => plain(3, row.tenant, row.no.0, 0),
        Change::DeleteOrganization(tenant, no) => plain(3, *tenant, no.0, 0),
        Change::PutUser(row) => plain(4, row.tenant, row.no.0, 0),
        Change::DeleteUser(tenant, no) => plain(4, *tenant, no.0, 0),
        Change::PutSeat(row) => plain(5, row.tenant, row.user.0, row.pool.0.into()),
        Change::DeleteSeat(tenant, user, pool) => plain(5, *tenant, user.0, pool.0.into()),
        Change::PutSession(row) => plain(6, row.tenant, row.user.0, row.no.0.into()),
        Change::DeleteSession(tenant, user, session_no) => plain(6, *tenant, user.0, session_no.0.into()),
        Change::PutNotification(row) => (7, row.tenant.0, 0, 0, row.topic.to_string()),
        Change::DeleteNotification(tenant, topic) => (7, tenant.0, 0, 0, topic.to_string()),
        Change::PutToken(row) => (8, 0, 0, 0, row.id.to_string()),
        Change::DeleteToken(id) => (8, 0, 0, 0, id.to_string()),
        Change::PutLicenseFloor(row) => (9, 0, 0, 0, format!("{} {}", row.tenant, row.license)),
    }
}
