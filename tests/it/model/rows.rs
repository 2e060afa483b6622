//! The contents of a store: rows and audit, gathered from the ledger's changes. Their recount must agree with the model
//! (I4), and a ledger loaded from them must go on as if nothing had happened.

use std::collections::{BTreeMap, BTreeSet};

use usher::ids::{
    EventNo, LicenseId, OrganizationId, OrganizationNo, PoolId, PoolNo, SessionId, SessionNo, TenantId, TenantNo,
    TokenId, UserId, UserNo,
};
use usher::ledger::change::{
    Action, AuditEvent, Change, Changes, OrganizationRow, Plan, PoolRow, Reason, SeatRow, SessionRow, TenantRow,
    UserRow,
};
use usher::ledger::license::LicenseRow;
use usher::ledger::license_floors::LicenseFloor;
use usher::ledger::notification::{NotificationRow, Topic};
use usher::ledger::token::TokenRow;

#[derive(Default)]
pub struct Rows {
    pub tenants: BTreeMap<TenantNo, TenantRow>,
    licenses: BTreeMap<(TenantNo, LicenseId, u64), LicenseRow>,
    pools: BTreeMap<(TenantNo, PoolNo), PoolRow>,
    organizations: BTreeMap<(TenantNo, OrganizationNo), OrganizationRow>,
    pub users: BTreeMap<(TenantNo, UserNo), UserRow>,
    seats: BTreeMap<(TenantNo, UserNo, PoolNo), SeatRow>,
    pub sessions: BTreeMap<(TenantNo, UserNo, SessionNo), SessionRow>,
    /// Sessions whose slot was reused since this set was last emptied.
    pub replaced: BTreeSet<SessionId>,
    notifications: BTreeMap<(TenantNo, Topic), NotificationRow>,
    tokens: BTreeMap<TokenId, TokenRow>,
    floors: BTreeMap<(TenantId, LicenseId), LicenseFloor>,
    audit: Audit,
    /// The events, as they were written last.
    pub events: BTreeMap<EventNo, AuditEvent>,
}

#[derive(Default)]
struct Audit {
    /// Sessions that have started and not ended.
    live: BTreeMap<SessionId, (TenantNo, PoolId)>,
    denials: BTreeMap<EventNo, (Denied, u32)>,
    last: EventNo,
}

/// The key under which denials are identical (R21).
pub type Denied = (TenantNo, u8, Option<UserId>, Option<PoolId>, u8);

impl Rows {
    pub fn take(&mut self, changes: Changes) -> Result<(), String> {
        for row in changes.rows {
            self.put(row)?;
        }
        for event in changes.events {
            self.events.insert(event.no, event.clone());
            self.audit.fold(event)?;
        }
        Ok(())
    }

    fn put(&mut self, change: Change) -> Result<(), String> {
        match change {
            Change::PutTenant(row) => drop(self.tenants.insert(row.no, row)),
            Change::DeleteTenant(no) => {
                self.tenants.remove(&no);
                self.licenses.retain(|key, _| key.0 != no);
                self.pools.retain(|key, _| key.0 != no);
                self.organizations.retain(|key, _| key.0 != no);
                self.users.retain(|key, _| key.0 != no);
                self.seats.retain(|key, _| key.0 != no);
                self.sessions.retain(|key, _| key.0 != no);
                self.notifications.retain(|key, _| key.0 != no);
            }
            Change::PutLicense(row) => drop(self.licenses.insert((row.tenant, row.id.clone(), row.revision), row)),
            Change::DeleteLicense(tenant, id, revision) => drop(self.licenses.remove(&(tenant, id, revision))),
            Change::PutPool(row) => drop(self.pools.insert((row.tenant, row.no), row)),
            Change::PutOrganization(row) => drop(self.organizations.insert((row.tenant, row.no), row)),
            Change::DeleteOrganization(tenant, no) => drop(self.organizations.remove(&(tenant, no))),
            Change::PutUser(row) => drop(self.users.insert((row.tenant, row.no), row)),
            Change::DeleteUser(tenant, no) => drop(self.users.remove(&(tenant, no))),
            Change::PutSeat(row) => drop(self.seats.insert((row.tenant, row.user, row.pool), row)),
            Change::DeleteSeat(tenant, user, pool) => drop(self.seats.remove(&(tenant, user, pool))),
            Change::PutSession(row) => return self.put_session(row),
            Change::DeleteSession(tenant, user, session_no) => drop(self.sessions.remove(&(tenant, user, session_no))),
            Change::PutNotification(row) => drop(self.notifications.insert((row.tenant, row.topic.clone()), row)),
            Change::DeleteNotification(tenant, topic) => drop(self.notifications.remove(&(tenant, topic))),
            Change::PutToken(row) => drop(self.tokens.insert(row.id, row)),
            Change::DeleteToken(id) => drop(self.tokens.remove(&id)),
            Change::PutLicenseFloor(row) => {
                self.floors.insert((row.tenant.clone(), row.license.clone()), row);
            }
        }
        Ok(())
    }

    /// A slot is reused only after its session has ended, and only while a later end of the user is kept (R24).
    fn put_session(&mut self, row: SessionRow) -> Result<(), String> {
        let (tenant, user, id) = (row.tenant, row.user, row.id);
        let Some(before) = self.sessions.insert((tenant, user, row.no), row) else { return Ok(()) };
        if before.id == id {
            return Ok(());
        }
        let (at, _) = before.ended.ok_or("the place of a live session was used again")?;
        let mut theirs = self.sessions.values().filter(|row| (row.tenant, row.user) == (tenant, user));
        if !theirs.any(|row| row.ended.is_some_and(|(other, _)| other >= at)) {
            return Err(format!("the end that was remembered last was forgotten: {before:?}"));
        }
        self.replaced.insert(before.id);
        Ok(())
    }

    /// Every row, in the order in which a store sends them.
    pub fn all(&self) -> Vec<Change> {
        let mut all: Vec<Change> = self.tenants.values().cloned().map(Change::PutTenant).collect();
        all.extend(self.licenses.values().cloned().map(Change::PutLicense));
        all.extend(self.pools.values().cloned().map(Change::PutPool));
        all.extend(self.organizations.values().cloned().map(Change::PutOrganization));
        all.extend(self.users.values().cloned().map(Change::PutUser));
        all.extend(self.seats.values().cloned().map(Change::PutSeat));
        all.extend(self.sessions.values().cloned().map(Change::PutSession));
        all.extend(self.notifications.values().cloned().map(Change::PutNotification));
        all.extend(self.tokens.values().cloned().map(Change::PutToken));
        all.extend(self.floors.values().cloned().map(Change::PutLicenseFloor));
        all
    }

    pub fn session(&self, tenant: TenantNo, id: SessionId) -> Option<&SessionRow> {
        self.sessions.values().find(|row| row.tenant == tenant && row.id == id)
    }

    pub fn user_of(&self, row: &SessionRow) -> Option<&UserId> {
        self.users.get(&(row.tenant, row.user)).map(|user| &user.id)
    }

    pub fn organization(&self, tenant: TenantNo, no: OrganizationNo) -> OrganizationId {
        self.organizations[&(tenant, no)].id.clone()
    }

    /// Seats in use and seats granted, counted from the rows alone.
    pub fn recount(&self, tenant: TenantNo, pool: &PoolId, plan: Plan) -> (u64, u64) {
        let Some(pool) = self.pools.values().find(|row| row.tenant == tenant && row.id == *pool) else { return (0, 0) };
        let exempts = !self.tenants[&tenant].policy.administrators_count_in_named;
        let seats = self.seats.values().filter(|row| row.tenant == tenant && row.pool == pool.no);
        let holders: Vec<&UserRow> =
            seats.map(|row| &self.users[&(tenant, row.user)]).filter(|user| user.blocked.is_none()).collect();
        let in_use = match plan {
            Plan::Named => holders.iter().filter(|user| !(exempts && user.administrator)).count(),
            Plan::Concurrent => {
                let live = self
                    .sessions
                    .values()
                    .filter(|row| row.tenant == tenant && row.pool == pool.no && row.ended.is_none() && !row.exempt);
                live.map(|row| row.user).collect::<BTreeSet<_>>().len()
            }
        };
        (in_use as u64, holders.len() as u64)
    }

    /// The live sessions by the rows, and by the audit.
    pub fn live(&self, tenant: TenantNo) -> [BTreeSet<SessionId>; 2] {
        let rows = self.sessions.values().filter(|row| row.tenant == tenant && row.ended.is_none());
        let audit = self.audit.live.iter().filter(|(_, (of, _))| *of == tenant);
        [rows.map(|row| row.id).collect(), audit.map(|(id, _)| *id).collect()]
    }

    pub fn denials(&self) -> BTreeMap<Denied, u64> {
        let mut sums = BTreeMap::new();
        for (denied, count) in self.audit.denials.values() {
            *sums.entry(denied.clone()).or_default() += u64::from(*count);
        }
        sums
    }
}

impl Audit {
    fn fold(&mut self, event: AuditEvent) -> Result<(), String> {
        let again = event.no <= self.last;
        self.last = self.last.max(event.no);
        match (event.action, event.reason) {
            (_, Some(Reason::Denied(reason))) => {
                let denied = (event.tenant, event.action.code(), event.user, event.pool, reason.code());
                let before = self.denials.insert(event.no, (denied.clone(), event.count));
                let grew = before.is_none_or(|(before, count)| before == denied && count <= event.count);
                return if grew { Ok(()) } else { Err("a denial's event became another".into()) };
            }
            _ if again => return Err(format!("event {} stands twice", event.no)),
            (Action::SessionStarted, _) => {
                let (session, pool) = (event.session.ok_or("no session")?, event.pool.ok_or("no pool")?);
                self.live.insert(session, (event.tenant, pool));
            }
            (Action::SessionEnded, _) => {
                let session = event.session.ok_or("no session")?;
                let was = self.live.remove(&session).ok_or("a session ended that had not started")?;
                if was != (event.tenant, event.pool.ok_or("no pool")?) {
                    return Err("a session ended elsewhere than it started".into());
                }
            }
            (Action::TenantDeleted, _) => self.live.retain(|_, (tenant, _)| *tenant != event.tenant),
            _ => {}
        }
        Ok(())
    }
}
