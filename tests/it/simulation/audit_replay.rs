//! The state of tenants by the audit alone: every event, folded in its order. Rows, answers and limits are compared
//! with this independent account (I4), and it detects events in a wrong order.

use std::collections::{BTreeMap, BTreeSet};

use usher::ids::{EventNo, LicenseId, PoolId, SessionId, TenantId, TenantNo, UserId};
use usher::ledger::change::{Action, AuditEvent, Limit, Plan, Reason};
use usher::ledger::command::LicenseGrant;
use usher::ledger::former_id::new_id;
use usher::ledger::outcome::SessionEndReason;
use usher::ledger::time::WallTime;

use super::history::History;
use super::test_data::{self, ADMINISTRATOR, DEMO_SEATS, POOLS};

/// Licenses as clients sent them: the audit has only their id and revision.
pub type Sent = BTreeMap<(TenantId, LicenseId, u64), LicenseGrant>;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct End {
    pub no: EventNo,
    pub reason: SessionEndReason,
    /// Simulation time at which the event's batch was committed.
    pub at: u64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Live {
    pub user: UserId,
    pub pool: PoolId,
}

/// A fact about a tenant that events make true or false.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fact {
    Known(UserId),
    Blocked(UserId),
    Seat(PoolId, UserId),
    License(LicenseId, u64),
    Live(SessionId),
}

pub struct Account {
    pub id: TenantId,
    pub licenses: BTreeMap<LicenseId, LicenseGrant>,
    pub users: BTreeSet<UserId>,
    pub blocked: BTreeSet<UserId>,
    pub seats: BTreeSet<(PoolId, UserId)>,
    pub live: BTreeMap<SessionId, Live>,
    /// The event since which a user has been live in a pool without a break, on any device.
    pub present: BTreeMap<(PoolId, UserId), EventNo>,
    pub ended: BTreeMap<SessionId, End>,
    /// User, pool and start event of each session that ever started.
    pub started: BTreeMap<SessionId, (Live, EventNo)>,
    pub renewed: BTreeMap<SessionId, usize>,
    /// The last event that changed a license.
    pub licensed_at: EventNo,
    pub facts: History<Fact, bool>,
    pub in_use: History<PoolId, u64>,
    pub limits: History<PoolId, Option<u64>>,
}

#[derive(Default)]
pub struct AuditReplay {
    pub tenants: BTreeMap<TenantNo, Account>,
}

impl AuditReplay {
    pub fn of(&self, tenant: &TenantId) -> Option<&Account> {
        self.tenants.values().find(|account| account.id == *tenant)
    }

    /// Folds one event in. Denials change nothing, and API tokens belong to no tenant.
    pub fn fold(&mut self, event: &AuditEvent, sent: &Sent, now: u64) -> Result<(), String> {
        if matches!(event.reason, Some(Reason::Denied(_)))
            || matches!(event.action, Action::TokenCreated | Action::TokenRevoked | Action::TokenDeleted)
        {
            return Ok(());
        }
        if event.action == Action::TenantCreated {
            let id = TenantId::stored(&event.detail);
            self.tenants.insert(event.tenant, Account::new(id));
            return Ok(());
        }
        let account = self.tenants.get_mut(&event.tenant).ok_or("an event of a tenant that does not exist")?;
        account.fold(event, sent, now)?;
        account.note_usage(event.no);
        Ok(())
    }
}

impl Account {
    fn new(id: TenantId) -> Self {
        Self {
            id,
            licenses: BTreeMap::new(),
            users: BTreeSet::new(),
            blocked: BTreeSet::new(),
            seats: BTreeSet::new(),
            live: BTreeMap::new(),
            present: BTreeMap::new(),
            ended: BTreeMap::new(),
            started: BTreeMap::new(),
            renewed: BTreeMap::new(),
            licensed_at: EventNo(0),
            facts: History::default(),
            in_use: History::default(),
            limits: History::default(),
        }
    }

    fn fold(&mut self, event: &AuditEvent, sent: &Sent, now: u64) -> Result<(), String> {
        let wrong = |what: &str| Err(format!("{what}: {event:?}"));
        let user = || event.user.clone().ok_or("an event without its user");
        let pool = || event.pool.clone().ok_or("an event without its pool");
        let session = || event.session.ok_or("an event without its session");
        let no = event.no;
        match event.action {
            Action::SessionStarted => {
                let (live, session) = (Live { user: user()?, pool: pool()? }, session()?);
                if self.started.insert(session, (live.clone(), no)).is_some() {
                    return wrong("a session started twice");
                }
                self.present.entry((live.pool.clone(), live.user.clone())).or_insert(no);
                self.live.insert(session, live);
                self.facts.note(Fact::Live(session), no, true);
            }
            Action::SessionRenewed => {
                if !self.live.contains_key(&session()?) {
                    return wrong("a session that does not live was renewed");
                }
                *self.renewed.entry(session()?).or_default() += 1;
            }
            Action::SessionEnded => {
                let session = session()?;
                let Some(Reason::Ended(reason)) = event.reason else { return wrong("an end without a reason") };
                let Some(live) = self.live.remove(&session) else {
                    return wrong("a session that does not live was ended");
                };
                if !self.live.values().any(|other| *other == live) {
                    self.present.remove(&(live.pool, live.user));
                }
                self.ended.insert(session, End { no, reason, at: now });
                self.facts.note(Fact::Live(session), no, false);
            }
            Action::SeatGranted => {
                self.seats.insert((pool()?, user()?));
                self.facts.note(Fact::Seat(pool()?, user()?), no, true);
            }
            Action::SeatRevoked => {
                if !self.seats.remove(&(pool()?, user()?)) {
                    return wrong("a seat that nobody held was revoked");
                }
                self.facts.note(Fact::Seat(pool()?, user()?), no, false);
            }
            Action::UserCreated => {
                if !self.users.insert(user()?) {
                    return wrong("a user was created twice");
                }
                self.facts.note(Fact::Known(user()?), no, true);
            }
            Action::UserDeleted => self.delete(&user()?, no),
            Action::UserRenamed => {
                let new = new_id(&event.detail).ok_or("a renaming without the new id")?;
                self.rename(&user()?, &new, no)?;
            }
            Action::UserBlocked => {
                self.blocked.insert(user()?);
                self.facts.note(Fact::Blocked(user()?), no, true);
            }
            Action::UserUnblocked => {
                if !self.blocked.remove(&user()?) {
                    return wrong("a user who is not blocked was unblocked");
                }
                self.facts.note(Fact::Blocked(user()?), no, false);
            }
            Action::LicenseInstalled => self.install(event, sent)?,
            Action::LicenseDeleted => drop(self.end_license(event)),
            Action::LicenseRevoked => self.revoke(event)?,
            _ => {}
        }
        Ok(())
    }

    fn delete(&mut self, user: &UserId, no: EventNo) {
        let seats: Vec<_> = self.seats.iter().filter(|(_, holder)| holder == user).cloned().collect();
        for (pool, user) in seats {
            self.facts.note(Fact::Seat(pool.clone(), user.clone()), no, false);
            self.seats.remove(&(pool, user));
        }
        self.users.remove(user);
        self.facts.note(Fact::Known(user.clone()), no, false);
        self.blocked.remove(user);
        self.facts.note(Fact::Blocked(user.clone()), no, false);
    }

    /// Renames a user. The users that the simulation renames never sign in, so that no session has the id.
    fn rename(&mut self, old: &UserId, new: &UserId, no: EventNo) -> Result<(), String> {
        if !self.users.contains(old) || !self.users.insert(new.clone()) {
            return Err(format!("event {no} renamed {old} to {new}: nobody, or to one who is there"));
        }
        let seats: Vec<_> = self.seats.iter().filter(|(_, holder)| holder == old).cloned().collect();
        let blocked = self.blocked.contains(old);
        self.delete(old, no);
        self.facts.note(Fact::Known(new.clone()), no, true);
        for (pool, _) in seats {
            self.facts.note(Fact::Seat(pool.clone(), new.clone()), no, true);
            self.seats.insert((pool, new.clone()));
        }
        if blocked {
            self.blocked.insert(new.clone());
            self.facts.note(Fact::Blocked(new.clone()), no, true);
        }
        Ok(())
    }

    /// Folds in the installation of a license, such as `main revision 3; crm 1 -> 2`.
    fn install(&mut self, event: &AuditEvent, sent: &Sent) -> Result<(), String> {
        let id = self.end_license(event);
        let said = event.detail.split(';').next().unwrap_or_default();
        let revision = said.rsplit(' ').next().unwrap_or_default();
        let revision = revision.parse().map_err(|error| format!("{}: {error}", event.detail))?;
        let grant = sent.get(&(self.id.clone(), id.clone(), revision));
        let grant = grant.ok_or_else(|| format!("a license that nobody sent: {event:?}"))?;
        self.facts.note(Fact::License(id.clone(), revision), event.no, true);
        self.licenses.insert(id, grant.clone());
        Ok(())
    }

    /// Folds in the revocation of a license, such as `extra up to revision 4: theft`. It may come after a higher revision
    /// was installed, which stays.
    fn revoke(&mut self, event: &AuditEvent) -> Result<(), String> {
        let said = event.detail.split(" up to revision ").nth(1).unwrap_or_default();
        let up_to = said.split(|c: char| !c.is_ascii_digit()).next().unwrap_or_default();
        let up_to: u64 = up_to.parse().map_err(|error| format!("{}: {error}", event.detail))?;
        let id = LicenseId::stored(event.detail.split(' ').next().unwrap_or_default());
        if self.licenses.get(&id).is_none_or(|license| license.revision <= up_to) {
            self.end_license(event);
        }
        Ok(())
    }

    /// Removes a license, which gives nothing any more. A revoked license must leave the tenant without its seats, and
    /// not in demo mode; the revoked license here is never the tenant's only one.
    fn end_license(&mut self, event: &AuditEvent) -> LicenseId {
        let id = LicenseId::stored(event.detail.split(' ').next().unwrap_or_default());
        if let Some(former) = self.licenses.remove(&id) {
            self.facts.note(Fact::License(id.clone(), former.revision), event.no, false);
        }
        self.licensed_at = event.no;
        id
    }

    fn note_usage(&mut self, no: EventNo) {
        for pool in POOLS.map(test_data::pool) {
            let (in_use, limit) = (self.in_use(&pool), self.limit(&pool, WallTime(i64::MIN)));
            self.in_use.note(pool.clone(), no, in_use);
            self.limits.note(pool, no, limit);
        }
    }

    /// The number of users who count in the pool, recounted (R10, R11).
    pub fn in_use(&self, pool: &PoolId) -> u64 {
        let count = match test_data::plan_of(&self.id, pool) {
            Plan::Named => {
                let seats = self.seats.iter().filter(|(of, user)| of == pool && !self.blocked.contains(user));
                seats.count()
            }
            Plan::Concurrent => {
                let counted =
                    self.live.values().filter(|live| live.pool == *pool && live.user.as_str() != ADMINISTRATOR);
                counted.map(|live| &live.user).collect::<BTreeSet<_>>().len()
            }
        };
        count as u64
    }

    /// The highest possible limit, with its overdraft: the sum of every license that did not certainly expire before
    /// `high`; `None`: unlimited.
    pub fn limit(&self, pool: &PoolId, high: WallTime) -> Option<u64> {
        if self.licenses.is_empty() {
            return Some(DEMO_SEATS);
        }
        let in_force = self.licenses.values().filter(|grant| grant.expires.is_none_or(|end| high < end));
        let given = in_force.flat_map(|grant| &grant.pools).filter(|given| given.pool == *pool);
        given.map(|given| (given.limit, given.overdraft)).try_fold(0, |sum, given| match given {
            (Limit::Seats(seats), overdraft) => Some(sum + seats + overdraft),
            (Limit::Unlimited, _) => None,
        })
    }
}
