//! Rows that are not consistent: what they belong to does not exist, their id exists already, or one of their numbers
//! is impossible. A store with such a row is damaged, and no process serves from it.

use super::Restore;
use crate::ids::{EventNo, OrganizationNo, PoolNo, TenantNo, UserNo};
use crate::ledger::model::change::{
    Access, Change, OrganizationRow, PoolRow, SeatRow, SessionRow, TenantRow, TenantState, UserRow,
};
use crate::ledger::model::license::LicenseRow;
use crate::ledger::model::time::{Tick, WallTime};
use crate::ledger::state::session::SessionSlot;
use crate::ledger::state::tenant::Tenant;

/// Upper bound of every tick: a shard's time begins at the wall time of its first start, and continues for at most as
/// long as from then to [`WallTime::LAST`].
const LAST_TICK: Tick = Tick(2 * WallTime::LAST.0.unsigned_abs());

impl Restore {
    /// Reason why [`Restore::put`] cannot add this row, with table and key; `None`: it can.
    #[must_use]
    pub fn validate_row(&self, row: &Change) -> Option<String> {
        match row {
            Change::PutTenant(row) => {
                let key = || format!("tenants (tenant_no {}): ", row.no);
                self.validate_tenant(row).map(|what| key() + &what)
            }
            Change::PutLicense(row) => {
                let key = || {
                    format!("licenses (tenant_no {}, license_id {}, revision {}): ", row.tenant, row.id, row.revision)
                };
                self.of(row.tenant, |_| ticks([row.installed, row.changed], [row.revision])).map(|what| key() + &what)
            }
            Change::PutPool(row) => {
                let key = || format!("pools (tenant_no {}, pool_no {}): ", row.tenant, row.no);
                self.of(row.tenant, |tenant| validate_pool(tenant, row)).map(|what| key() + &what)
            }
            Change::PutOrganization(row) => {
                let key = || format!("organizations (tenant_no {}, organization_no {}): ", row.tenant, row.no);
                self.of(row.tenant, |tenant| self.validate_organization(tenant, row)).map(|what| key() + &what)
            }
            Change::PutUser(row) => {
                let key = || format!("users (tenant_no {}, user_no {}): ", row.tenant, row.no);
                self.of(row.tenant, |tenant| self.validate_user(tenant, row)).map(|what| key() + &what)
            }
            Change::PutSeat(row) => {
                let key = || format!("seats (tenant_no {}, user_no {}, pool_no {}): ", row.tenant, row.user, row.pool);
                self.of(row.tenant, |tenant| validate_seat(tenant, row)).map(|what| key() + &what)
            }
            Change::PutSession(row) => {
                let key = || format!("sessions (tenant_no {}, user_no {}, slot {}): ", row.tenant, row.user, row.no);
                self.of(row.tenant, |tenant| validate_session(tenant, row)).map(|what| key() + &what)
            }
            Change::PutNotification(row) => {
                let key = || format!("notifications (tenant_no {}, topic {}): ", row.tenant, row.topic);
                self.of(row.tenant, |_| ticks([row.raised], [])).map(|what| key() + &what)
            }
            // Does not depend on other rows.
            Change::PutToken(_) | Change::PutLicenseFloor(_) => None,
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

    /// The first row that is missing after all rows were added: rows come in the order of their tables, and some refer
    /// to rows of later tables.
    #[must_use]
    pub fn gap(&self) -> Option<String> {
        self.ledger.tenants.iter().flatten().find_map(|tenant| {
            let lost = tenant.licenses.iter().find_map(|row| lost_pool(tenant, row));
            let hole = tenant.users.iter().find(|user| user.slots.contains(&SessionSlot::NONE));
            let hole = hole.map(|user| {
                format!(
                    "sessions (tenant_no {}, user_no {}): a slot below another one is not there",
                    tenant.no, user.no
                )
            });
            lost.or(hole)
        })
    }

    fn validate_tenant(&self, row: &TenantRow) -> Option<String> {
        let last = self.ledger.last_tenant();
        if row.no > last || row.no == TenantNo(0) {
            return Some(format!("tenant {}: its number {} is above {last}, the last one given", row.id, row.no));
        }
        // A tenant that is being deleted may have a successor with the same id.
        let known = row.state != TenantState::Deleted && self.ledger.by_id.contains_key(&row.id);
        if known || self.ledger.tenants[row.no.0 as usize].is_some() {
            return Some(format!("tenant {} is there twice", row.id));
        }
        ticks([row.created], [row.version])
    }

    /// Error of a row that belongs to a tenant.
    fn of(&self, no: TenantNo, wrong: impl FnOnce(&Tenant) -> Option<String>) -> Option<String> {
        match self.ledger.tenants.get(no.0 as usize).and_then(Option::as_deref) {
            Some(tenant) => wrong(tenant).map(|what| format!("tenant {}: {what}", tenant.id)),
            None => Some(format!("a row of tenant number {no}, which is not there")),
        }
    }

    fn validate_user(&self, tenant: &Tenant, row: &UserRow) -> Option<String> {
        if tenant.users.find(&row.id).is_some() || tenant.users.at(row.no).is_some() {
            return Some(format!("user {} is there twice", row.id));
        }
        self.given(row.no.0, "user").or_else(|| ticks([row.created], [row.version]))
    }

    fn validate_organization(&self, tenant: &Tenant, row: &OrganizationRow) -> Option<String> {
        if tenant.organizations.find(&row.id).is_some() || tenant.organizations.get(row.no).is_some() {
            return Some(format!("organization {} is there twice", row.id));
        }
        self.given(row.no.0, "organization").or_else(|| ticks([row.created], [row.version]))
    }

    /// Each number was assigned with an audit event: memory is allocated for no more numbers than there were events.
    pub(super) fn given(&self, no: u32, what: &str) -> Option<String> {
        let EventNo(events) = self.ledger.last_event;
        (u64::from(no) > events).then(|| format!("{what} number {no} was never given: there were {events} events"))
    }
}

/// Refuses ticks and versions that no run reaches, because arithmetic with them could overflow.
pub(super) fn ticks<const T: usize, const V: usize>(ticks: [Tick; T], versions: [u64; V]) -> Option<String> {
    if let Some(tick) = ticks.into_iter().find(|tick| *tick > LAST_TICK) {
        return Some(format!("the tick {} is beyond the year 9999", tick.0));
    }
    let version = versions.into_iter().find(|version| i64::try_from(*version).is_err())?;
    Some(format!("the version {version} is out of range"))
}

fn validate_pool(tenant: &Tenant, row: &PoolRow) -> Option<String> {
    let next = tenant.pools.iter().len();
    if usize::from(row.no.0) != next {
        return Some(format!("pool {}: its number is {}, and {next} is the next one", row.id, row.no));
    }
    tenant.pools.find(&row.id).map(|_| format!("pool {} is there twice", row.id))
}

fn validate_seat(tenant: &Tenant, row: &SeatRow) -> Option<String> {
    if let Some(what) = missing(tenant, row.user, row.pool) {
        return Some(format!("a seat: {what}"));
    }
    if tenant.users.get(row.user).seat(row.pool).is_some() {
        return Some("the seat is there twice".into());
    }
    let Access::Only(list) = &row.access else { return ticks([row.granted], []) };
    let lost = list.iter().find_map(|no| lost_organization(tenant, *no));
    lost.map(|what| format!("a seat: {what}")).or_else(|| ticks([row.granted], []))
}

fn validate_session(tenant: &Tenant, row: &SessionRow) -> Option<String> {
    let twice = tenant.sessions.find(row.id).map(|_| "its id is there twice".to_owned());
    let what = missing(tenant, row.user, row.pool)
        .or(twice)
        .or_else(|| row.organization.and_then(|no| lost_organization(tenant, no)))
        .or_else(|| {
            let slots = &tenant.users.get(row.user).slots;
            let taken = slots.get(usize::from(row.no.0)).is_some_and(|slot| *slot != SessionSlot::NONE);
            taken.then(|| "its slot is there twice".to_owned())
        })
        .or_else(|| {
            let [ended, silent] = [row.ended.map(|(at, _)| at), row.silent_since].map(Option::unwrap_or_default);
            ticks([row.started, row.signed_in, row.last_activity, ended, silent], [])
        });
    what.map(|what| format!("session {}: {what}", row.id))
}

fn missing(tenant: &Tenant, user: UserNo, pool: PoolNo) -> Option<String> {
    if tenant.users.at(user).is_none() {
        return Some(format!("user number {user} is not there"));
    }
    lost_pool_number(tenant, pool)
}

fn lost_pool_number(tenant: &Tenant, pool: PoolNo) -> Option<String> {
    (usize::from(pool.0) >= tenant.pools.iter().len()).then(|| format!("pool number {pool} is not there"))
}

fn lost_organization(tenant: &Tenant, no: OrganizationNo) -> Option<String> {
    tenant.organizations.get(no).is_none().then(|| format!("organization number {no} is not there"))
}

fn lost_pool(tenant: &Tenant, row: &LicenseRow) -> Option<String> {
    let what = row.entitlements.iter().find_map(|given| lost_pool_number(tenant, given.pool))?;
    Some(format!(
        "licenses (tenant_no {}, license_id {}, revision {}): tenant {}: {what}",
        tenant.no, row.id, row.revision, tenant.id
    ))
}
