//! The changes of a batch, by table.

use crate::ledger::change::{Change, OrganizationRow, PoolRow, SeatRow, SessionRow, TenantRow, UserRow};
use crate::ledger::license::LicenseRow;
use crate::ledger::license_floors::LicenseFloor;
use crate::ledger::notification::{NotificationRow, Topic};
use crate::ledger::token::TokenRow;

/// Deletions are stored as the columns of the key, without the shard.
#[derive(Default)]
pub struct Buckets<'a> {
    pub tenants: Vec<&'a TenantRow>,
    pub licenses: Vec<&'a LicenseRow>,
    pub pools: Vec<&'a PoolRow>,
    pub organizations: Vec<&'a OrganizationRow>,
    pub users: Vec<&'a UserRow>,
    pub seats: Vec<&'a SeatRow>,
    pub sessions: Vec<&'a SessionRow>,
    pub notifications: Vec<&'a NotificationRow>,
    pub tokens: Vec<&'a TokenRow>,
    pub license_floors: Vec<&'a LicenseFloor>,
    pub gone_tenants: Vec<i32>,
    pub gone_licenses: Vec<(i32, &'a str, i64)>,
    pub gone_organizations: Vec<(i32, i32)>,
    pub gone_users: Vec<(i32, i32)>,
    pub gone_seats: Vec<(i32, i32, i32)>,
    pub gone_sessions: Vec<(i32, i32, i32)>,
    pub gone_notifications: Vec<(i32, &'a Topic)>,
    pub gone_tokens: Vec<i64>,
}

impl<'a> Buckets<'a> {
    pub fn sort(changes: &'a [Change]) -> Self {
        let mut to = Self::default();
        for change in changes {
            match change {
                Change::PutTenant(row) => to.tenants.push(row),
                Change::PutLicense(row) => to.licenses.push(row),
                Change::PutPool(row) => to.pools.push(row),
                Change::PutOrganization(row) => to.organizations.push(row),
                Change::PutUser(row) => to.users.push(row),
                Change::PutSeat(row) => to.seats.push(row),
                Change::PutSession(row) => to.sessions.push(row),
                Change::PutNotification(row) => to.notifications.push(row),
                Change::PutToken(row) => to.tokens.push(row),
                Change::PutLicenseFloor(row) => to.license_floors.push(row),
                Change::DeleteTenant(no) => to.gone_tenants.push(int(no.0)),
                Change::DeleteLicense(tenant, id, revision) => {
                    to.gone_licenses.push((int(tenant.0), id.as_str(), revision.cast_signed()));
                }
                Change::DeleteOrganization(tenant, no) => to.gone_organizations.push((int(tenant.0), int(no.0))),
                Change::DeleteUser(tenant, no) => to.gone_users.push((int(tenant.0), int(no.0))),
                Change::DeleteSeat(tenant, user, pool) => {
                    to.gone_seats.push((int(tenant.0), int(user.0), pool.0.into()));
                }
                Change::DeleteSession(tenant, user, session_no) => {
                    to.gone_sessions.push((int(tenant.0), int(user.0), session_no.0.into()));
                }
                Change::DeleteNotification(tenant, topic) => to.gone_notifications.push((int(tenant.0), topic)),
                Change::DeleteToken(id) => to.gone_tokens.push(id.0.cast_signed()),
            }
        }
        to
    }
}

/// PostgreSQL's integers are signed: numbers, ticks and versions are stored with the same bits.
pub fn int(no: u32) -> i32 {
    no.cast_signed()
}
