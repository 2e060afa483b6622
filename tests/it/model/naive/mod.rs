//! The second, naive implementation of the domain's rules. It keeps lists and nothing else: no counter, no heap, no
//! index. Every query counts every figure anew from the sessions and seats.
//!
//! It was written from the rules, not from the ledger. It shares with the ledger only the types of commands and
//! answers.

mod alternatives;
mod check_out;
pub mod count;
pub mod licenses;
mod lists;
mod notifications;
mod organizations;
mod seats;
mod sessions;
mod sync;
mod tenants;
mod tokens;
mod users;

use std::collections::BTreeSet;
use std::time::Duration;

use usher::error_reason::ErrorReason;
use usher::ids::{DeviceId, LicenseId, OrganizationId, PoolId, SessionId, TenantId, UserId};
use usher::ledger::change::{BlockCause, Profile};
use usher::ledger::command::{Command, LicenseGrant, Outcome};
use usher::ledger::license_fetch::FetchOutcome;
use usher::ledger::outcome::{Done, Refusal, SessionEndReason};
use usher::ledger::policy::Policy;
use usher::ledger::time::{Moment, Tick, WallTime};
use usher::ledger::token::TokenRow;

#[derive(Clone)]
pub struct Model {
    pub tenants: Vec<Tenant>,
    pub tokens: Vec<TokenRow>,
    /// Every session that has ended.
    pub ended: Vec<Ended>,
    /// Changes of sessions by the current step.
    pub log: Vec<Happened>,
    /// The high-water mark of wall time (R31), in tenths of a millisecond, as of `looked`.
    pub high_tenths: i64,
    /// Licenses of deleted tenants, as they were at the deletion.
    pub floors: Vec<(TenantId, License)>,
    pub looked: Tick,
    pub demo_seats: u64,
    /// Counter of created things: an older one has a lower number.
    pub made: u64,
}

#[derive(Clone)]
pub struct Tenant {
    pub id: TenantId,
    pub display_name: Box<str>,
    pub contact: Box<str>,
    pub suspended: bool,
    pub policy: Policy,
    pub created: Tick,
    pub version: u64,
    /// Every revision that is kept, of every license.
    pub papers: Vec<License>,
    /// The last fetch from the vendor: time, outcome, and reason of a refusal.
    pub fetched: Option<(WallTime, FetchOutcome, Box<str>)>,
    /// Every pool that was ever licensed or granted, in the order of its first use.
    pub pools: Vec<PoolId>,
    pub organizations: Vec<Organization>,
    pub users: Vec<User>,
    pub seats: Vec<Seat>,
    /// Live sessions, oldest first.
    pub sessions: Vec<Session>,
    pub notifications: Vec<notifications::NotificationState>,
}

#[derive(Clone)]
pub struct License {
    pub id: LicenseId,
    pub grant: LicenseGrant,
    pub installed: Tick,
    pub changed: Tick,
    pub deleted: bool,
    /// The highest revoked revision; it and all lower ones are revoked.
    pub revoked: Option<u64>,
}

#[derive(Clone)]
pub struct Organization {
    pub id: OrganizationId,
    pub display_name: Box<str>,
    pub created: Tick,
    pub version: u64,
}

#[derive(Clone)]
pub struct User {
    pub id: UserId,
    /// Number of the user's creation; earlier users have a lower one.
    pub made: u64,
    pub administrator: bool,
    pub blocked: Option<BlockCause>,
    pub profile: Profile,
    /// Former ids of the user, the latest last.
    pub former: Vec<UserId>,
    pub created: Tick,
    pub version: u64,
    pub last_sign_in: Option<Tick>,
    pub last_activity: Option<Tick>,
    pub last_organization: Option<OrganizationId>,
}

#[derive(Clone)]
pub struct Seat {
    pub user: UserId,
    pub pool: PoolId,
    pub granted: Tick,
    /// Number of the grant; later grants have a higher one (R14).
    pub order: u64,
    /// The organizations with access; `None`: all of the tenant (R7).
    pub only: Option<BTreeSet<OrganizationId>>,
}

#[derive(Clone)]
pub struct Session {
    pub id: SessionId,
    pub user: UserId,
    pub pool: PoolId,
    pub device: DeviceId,
    pub organization: Option<OrganizationId>,
    pub client: usher::ids::Text,
    pub administrator: bool,
    pub exempt: bool,
    pub started: Tick,
    pub last_activity: Tick,
    /// Time of the check-out, of the last heartbeat, or of the load, whichever was last.
    pub heard: Tick,
    /// During a restart: the client was silent since then, by the row.
    pub silent_since: Option<Tick>,
    /// The lease time of the last answer; zero: no heartbeat is needed (R25).
    pub lease_ttl: Duration,
    /// `told`: the end of the lease by the last answer; `lease_end`: the time until which the session is held. `None`:
    /// no end.
    pub promised: Option<Tick>,
    pub lease_end: Option<Tick>,
    /// No idle timeout ends the session before this time.
    pub idle_grace: Tick,
}

#[derive(Clone)]
pub struct Ended {
    pub tenant: TenantId,
    pub session: Session,
    pub reason: SessionEndReason,
    pub at: Tick,
}

/// Changes of sessions that the audit must contain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Happened {
    Started(SessionId),
    Renewed(SessionId),
    Ended(SessionId, SessionEndReason),
}

/// Inputs of a figure beside the lists.
#[derive(Clone, Copy)]
pub struct Glance {
    pub now: Moment,
    /// The time by which licenses are judged (R31).
    pub license_time: WallTime,
    pub demo_seats: u64,
}

impl Model {
    pub fn new(demo_seats: u64, now: Moment) -> Self {
        Self {
            tenants: Vec::new(),
            tokens: Vec::new(),
            ended: Vec::new(),
            log: Vec::new(),
            high_tenths: now.wall.0 * 10,
            floors: Vec::new(),
            looked: now.tick,
            demo_seats,
            made: 0,
        }
    }

    pub fn high(&self) -> WallTime {
        WallTime(self.high_tenths.div_euclid(10))
    }

    /// Moves the high-water mark: it follows the wall clock by at most 24 times the time that passed, and by at least
    /// nine tenths of it (R31).
    pub fn look_at_clock(&mut self, now: Moment) {
        let passed = now.tick.since(self.looked);
        let least = self.high_tenths + passed.as_millis() as i64 * 9;
        let clock = now.wall.min(self.high().plus(passed * 24));
        self.high_tenths = if clock.0 > least.div_euclid(10) { clock.0 * 10 } else { least };
        self.looked = now.tick;
    }

    pub fn glance(&self, now: Moment) -> Glance {
        Glance { now, license_time: self.high().max(now.wall), demo_seats: self.demo_seats }
    }

    pub fn tenant(&self, id: &TenantId) -> Option<&Tenant> {
        self.tenants.iter().find(|tenant| tenant.id == *id)
    }

    /// The tenant's index in the list.
    pub fn find(&self, id: &TenantId) -> Done<usize> {
        self.tenants.iter().position(|tenant| tenant.id == *id).ok_or_else(|| missing("tenant", id))
    }

    pub fn next_made(&mut self) -> u64 {
        self.made += 1;
        self.made
    }

    pub fn apply(&mut self, id: &TenantId, command: &Command, now: Moment) -> Outcome {
        self.look_at_clock(now);
        let outcome = self.carry(id, command, now);
        self.notify(id, command, &outcome, now);
        outcome
    }

    /// Each subject answers its own commands.
    fn carry(&mut self, id: &TenantId, command: &Command, now: Moment) -> Outcome {
        let subjects = [
            Self::on_check_out,
            Self::on_sessions,
            Self::on_seats,
            Self::on_tenants,
            Self::on_users,
            Self::on_sync,
            Self::on_organizations,
            Self::on_licenses,
            Self::on_notifications,
            Self::on_tokens,
        ];
        let answer = subjects.into_iter().find_map(|subject| subject(self, id, command, now));
        answer.unwrap_or_else(|| panic!("no subject of the model answers {}", command.name()))
    }
}

pub fn missing(kind: &'static str, id: impl ToString) -> Refusal {
    Refusal::NotFound { kind, id: id.to_string() }
}

pub fn exists(kind: &'static str, id: impl ToString) -> Refusal {
    Refusal::AlreadyExists { kind, id: id.to_string() }
}

/// A refusal by a rule. Its text is for people, and is not compared.
pub fn rule(reason: ErrorReason) -> Refusal {
    Refusal::Precondition { reason, subject: String::new(), text: String::new() }
}
