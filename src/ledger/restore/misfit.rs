//! Rows that fit nowhere: what they belong to is not there, or their id is there already. For whoever looks at a store
//! that may be damaged; a service does not pay for it.

use super::Restore;
use crate::ids::{PoolNo, TenantNo, UserNo};
use crate::ledger::change::{Change, PoolRow, TenantRow};
use crate::ledger::tenant::Tenant;

impl Restore {
    /// Why [`Restore::put`] cannot take this row in.
    #[must_use]
    pub fn misfit(&self, row: &Change) -> Option<String> {
        match row {
            Change::PutTenant(row) => self.tenant_misfit(row),
            Change::PutLicense(row) => self.of(row.tenant, |_| None),
            Change::PutPool(row) => self.of(row.tenant, |tenant| pool_misfit(tenant, row)),
            Change::PutOrganization(row) => self.of(row.tenant, |_| None),
            Change::PutUser(row) => self
                .of(row.tenant, |tenant| tenant.users.find(&row.id).map(|_| format!("user {} is there twice", row.id))),
            Change::PutSeat(row) => {
                self.of(row.tenant, |tenant| missing(tenant, row.user, row.pool).map(|what| format!("a seat: {what}")))
            }
            Change::PutSession(row) => self.of(row.tenant, |tenant| {
                let twice = tenant.sessions.find(row.id).map(|_| "its id is there twice".to_owned());
                missing(tenant, row.user, row.pool).or(twice).map(|what| format!("session {}: {what}", row.id))
            }),
            Change::PutNotification(row) => self.of(row.tenant, |_| None),
            // It stands for itself.
            Change::PutToken(_) => None,
            Change::DeleteTenant(_)
            | Change::DeleteLicense(..)
            | Change::DeleteOrganization(..)
            | Change::DeleteUser(..)
            | Change::DeleteSeat(..)
            | Change::DeleteSession(..)
            | Change::DeleteNotification(..)
            | Change::DeleteToken(..) => Some("a deletion is no row".into()),
        }
    }

    fn tenant_misfit(&self, row: &TenantRow) -> Option<String> {
        let last = self.ledger.last_tenant();
        if row.no > last {
            return Some(format!("tenant {}: its number {} is above {last}, the last one given", row.id, row.no));
        }
        self.ledger.by_id.contains_key(&row.id).then(|| format!("tenant {} is there twice", row.id))
    }

    /// What is wrong with a row of a tenant's.
    fn of(&self, no: TenantNo, wrong: impl FnOnce(&Tenant) -> Option<String>) -> Option<String> {
        match self.ledger.tenants.get(no.0 as usize).and_then(Option::as_deref) {
            Some(tenant) => wrong(tenant).map(|what| format!("tenant {}: {what}", tenant.id)),
            None => Some(format!("a row of tenant number {no}, which is not there")),
        }
    }
}

fn pool_misfit(tenant: &Tenant, row: &PoolRow) -> Option<String> {
    let next = tenant.pools.iter().len();
    if usize::from(row.no.0) != next {
        return Some(format!("pool {}: its number is {}, and {next} is the next one", row.id, row.no));
    }
    tenant.pools.find(&row.id).map(|_| format!("pool {} is there twice", row.id))
}

fn missing(tenant: &Tenant, user: UserNo, pool: PoolNo) -> Option<String> {
    if tenant.users.at(user).is_none() {
        return Some(format!("user number {user} is not there"));
    }
    (usize::from(pool.0) >= tenant.pools.iter().len()).then(|| format!("pool number {pool} is not there"))
}
