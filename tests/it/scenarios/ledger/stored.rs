//! A small store in memory: the rows that a ledger's changes leave, and a second ledger loaded from them. Both ledgers
//! must answer the same, so that every scenario also tests that its rule survives a restart.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use usher::ids::{DeviceId, EventNo, LicenseId, OrganizationId, PoolId, TenantId, TenantNo, UserId};
use usher::ledger::change::{Actor, AuditEvent, Change, Changes};
use usher::ledger::command::{
    CheckOut, Command, GetEntitlements, GetLicenseInformation, GetTenant, GetUsage, ListLicenses, ListNotifications,
    ListOrganizations, ListSessions, ListUsers, Outcome, Query, QueryResult, Request,
};
use usher::ledger::outcome::{CheckedOut, DenialReason, Notice};
use usher::ledger::time::Moment;
use usher::ledger::{Config, Ledger};

use crate::scenarios::language::steps::Login;

/// The time that a load adds to every lease, because the former process may have promised it to clients (R24).
pub const GRACE: Duration = Duration::from_secs(60);
const EVERYTHING: usize = 10_000;

/// A row's table and key, as a store has them. A load reads the tables in this order.
type Key = (u8, TenantNo, u32, u32, String);

#[derive(Debug, Default)]
pub struct Stored {
    rows: BTreeMap<Key, Change>,
    pub events: BTreeMap<EventNo, AuditEvent>,
    last_tenant: TenantNo,
    last_event: EventNo,
}

impl Stored {
    /// Commits the changes of a command.
    pub fn commit(&mut self, changes: Changes, ledger: &Ledger) {
        (self.last_tenant, self.last_event) = (ledger.last_tenant(), ledger.last_event());
        for row in changes.rows {
            match row {
                Change::DeleteTenant(no) => self.rows.retain(|key, _| key.1 != no),
                row if is_deletion(&row) => drop(self.rows.remove(&key(&row))),
                row => drop(self.rows.insert(key(&row), row)),
            }
        }
        self.events.extend(changes.events.into_iter().map(|event| (event.no, event)));
    }

    /// Loads a ledger from nothing but the rows.
    pub fn load(&self, config: Config, old: &Ledger, now: Moment) -> Ledger {
        let mut restore = Ledger::restore(config, self.last_tenant, self.last_event, old.wall_high(), now, GRACE);
        self.rows.values().for_each(|row| restore.put(row.clone()));
        restore.finish()
    }
}

fn is_deletion(row: &Change) -> bool {
    matches!(
        row,
        Change::DeleteLicense(..)
            | Change::DeleteOrganization(..)
            | Change::DeleteUser(..)
            | Change::DeleteSeat(..)
            | Change::DeleteSession(..)
            | Change::DeleteNotification(..)
            | Change::DeleteToken(_)
    )
}

fn key(row: &Change) -> Key {
    match row {
        Change::PutTenant(row) => (1, row.no, 0, 0, String::new()),
        Change::DeleteTenant(no) => (1, *no, 0, 0, String::new()),
        Change::PutLicense(row) => (2, row.tenant, 0, 0, revision(&row.id, row.revision)),
        Change::DeleteLicense(tenant, id, no) => (2, *tenant, 0, 0, revision(id, *no)),
        Change::PutPool(row) => (3, row.tenant, row.no.0.into(), 0, String::new()),
        Change::PutOrganization(row) => (4, row.tenant, row.no.0, 0, String::new()),
        Change::DeleteOrganization(tenant, no) => (4, *tenant, no.0, 0, String::new()),
        Change::PutUser(row) => (5, row.tenant, row.no.0, 0, String::new()),
        Change::DeleteUser(tenant, no) => (5, *tenant, no.0, 0, String::new()),
        Change::PutSeat(row) => (6, row.tenant, row.user.0, row.pool.0.into(), String::new()),
        Change::DeleteSeat(tenant, user, pool) => (6, *tenant, user.0, pool.0.into(), String::new()),
        Change::PutSession(row) => (7, row.tenant, row.user.0, row.no.0.into(), String::new()),
        Change::DeleteSession(tenant, user, session_no) => (7, *tenant, user.0, session_no.0.into(), String::new()),
        Change::PutNotification(row) => (8, row.tenant, 0, 0, row.topic.to_string()),
        Change::DeleteNotification(tenant, topic) => (8, *tenant, 0, 0, topic.to_string()),
        Change::PutToken(row) => (9, TenantNo(0), 0, 0, row.id.to_string()),
        Change::DeleteToken(id) => (9, TenantNo(0), 0, 0, id.to_string()),
        Change::PutLicenseFloor(row) => (10, TenantNo(0), 0, 0, format!("{} {}", row.tenant, row.license)),
    }
}

/// Orders revisions newest first: a load must not depend on the order of the rows of one table.
fn revision(id: &LicenseId, no: u64) -> String {
    format!("{id} {:020}", u64::MAX - no)
}

/// Every list and record that can be read of a tenant.
fn views(ledger: &mut Ledger, tenant: &TenantId, now: Moment) -> [QueryResult; 9] {
    let queries: [Query; 9] = [
        GetTenant.into(),
        GetUsage.into(),
        ListUsers { limit: EVERYTHING, ..ListUsers::default() }.into(),
        ListSessions { limit: EVERYTHING, ..ListSessions::default() }.into(),
        ListOrganizations { limit: EVERYTHING, ..ListOrganizations::default() }.into(),
        ListLicenses { limit: EVERYTHING, ..ListLicenses::default() }.into(),
        GetLicenseInformation.into(),
        GetEntitlements.into(),
        ListNotifications { limit: EVERYTHING, ..ListNotifications::default() }.into(),
    ];
    queries.map(|query| ledger.query(Some(tenant), query, now))
}

/// Compares all queries of two ledgers.
///
/// # Errors
/// The first query that the two answer differently.
pub fn same_views(a: &mut Ledger, b: &mut Ledger, tenants: &BTreeSet<TenantId>, now: Moment) -> Result<(), String> {
    for tenant in tenants {
        for (a, b) in views(a, tenant, now).into_iter().zip(views(b, tenant, now)) {
            if a != b {
                return Err(format!("before a restart it says\n    {a:?}\n  after it\n    {b:?}"));
            }
        }
    }
    Ok(())
}

/// The users, pools, devices and organizations that a scenario named, for check-outs with all combinations of them.
#[derive(Debug, Default)]
pub struct TestData {
    pub users: BTreeSet<UserId>,
    pub pools: BTreeSet<PoolId>,
    pub devices: BTreeSet<DeviceId>,
    pub organizations: BTreeSet<OrganizationId>,
}

impl TestData {
    /// Adds a user, a pool and a device that no scenario names.
    pub fn meet_strangers(&mut self) {
        self.users.insert(UserId::stored("a stranger"));
        self.pools.insert(PoolId::stored("a strange pool"));
        self.devices.insert(DeviceId::stored("a strange device"));
    }

    /// Remembers the names in a command.
    pub fn meet(&mut self, command: &Command) {
        match command {
            Command::CheckOut(command) if !command.check_only => self.devices.extend([command.device.clone()]),
            Command::CreateUser(command) => self.users.extend([command.user.clone()]),
            Command::GrantSeats(command) => {
                self.users.extend(command.users.iter().cloned());
                self.pools.extend(command.pools.iter().cloned());
            }
            Command::CreateOrganization(command) => self.organizations.extend([command.organization.clone()]),
            Command::InstallLicense(command) => {
                self.pools.extend(command.grant.pools.iter().map(|given| given.pool.clone()))
            }
            _ => {}
        }
    }

    /// Every check-out that combines the known names.
    fn logins(&self) -> Vec<CheckOut> {
        let organizations = || std::iter::once(None).chain(self.organizations.iter().map(Some));
        let mut logins = Vec::new();
        for (user, pool) in self.users.iter().flat_map(|user| self.pools.iter().map(move |pool| (user, pool))) {
            for (device, organization) in
                self.devices.iter().flat_map(|device| organizations().map(move |organization| (device, organization)))
            {
                let (pool, user, device) = (pool.clone(), user.clone(), device.clone());
                logins.push(
                    Login { pool, alternatives: Vec::new(), user, device, organization: organization.cloned() }
                        .question(),
                );
            }
        }
        logins
    }
}

/// A decision without the parts that a load may change: leases get longer.
type Decision = (Result<(Option<OrganizationId>, bool), DenialReason>, Vec<Notice>);

fn decision(answer: CheckedOut) -> Decision {
    let decision = match answer.decision {
        Ok(lease) => Ok((lease.organization, lease.renewed)),
        Err(denial) => Err(denial.reason),
    };
    (decision, answer.notices)
}

/// Compares the decisions of two ledgers about all check-outs.
///
/// # Errors
/// The first check-out that the two decide differently.
pub fn same_decisions(
    a: &mut Ledger,
    b: &mut Ledger,
    tenants: &BTreeSet<TenantId>,
    test_data: &TestData,
    now: Moment,
) -> Result<(), String> {
    let logins = test_data.logins();
    for (tenant, login) in tenants.iter().flat_map(|tenant| logins.iter().map(move |login| (tenant, login))) {
        let decide = |ledger: &mut Ledger| {
            let mut changes = Changes::default();
            let request =
                Request { tenant: tenant.clone(), actor: Actor::service(), command: Command::from(login.clone()) };
            match ledger.apply(request, now, &mut changes) {
                Outcome::CheckOut(Ok(answer)) if changes.is_empty() => Ok(decision(answer)),
                other => Err(format!("R20: a question changed something: {other:?}: {changes:?}")),
            }
        };
        let (before, after) = (decide(a)?, decide(b)?);
        if before != after {
            return Err(format!("{login:?}\n  before a restart: {before:?}\n  after it: {after:?}"));
        }
    }
    Ok(())
}
