//! A tenant in which everything is as large as permitted, except that it has only a few thousand users.

use std::time::Duration;

use usher::ids::{DeviceId, LicenseId, OrganizationId, PoolId, SessionId, TenantId, UserId};
use usher::ledger::change::{Actor, Changes, Limit, Plan, Profile};
use usher::ledger::command::{
    CheckOut, Command, CreateOrganization, CreateTenant, CreateUser, GrantSeats, InstallLicense, LicenseGrant, Outcome,
    Query, QueryResult, Request, SyncEntry, SyncUsers, UserPatch, WantedSeat, WhenFull,
};
use usher::ledger::license::Terms;
use usher::ledger::notification::Channels;
use usher::ledger::policy::Policy;
use usher::ledger::time::Moment;
use usher::ledger::{Config, Execution, Ledger, Reading};

use crate::support::ledger::{NOW, config, empty};

pub const POOLS: u64 = 1_000;
pub const ORGANIZATIONS: u64 = 1_000;
pub const USERS: u64 = 3_000;
/// Users with the largest possible profile.
pub const FULL: u64 = 20;
pub const DEVICES: u64 = 400;
/// More steps than any call takes.
const MAX_STEPS: usize = 100_000;
const LICENSES: u64 = 20;
const HOUR: u64 = 60 * 60 * 1_000;

/// The cost of a call.
#[derive(Debug, Clone, Copy, Default)]
pub struct Cost {
    pub steps: usize,
    /// Work of the most expensive step, in units of `Budget`.
    pub largest: u64,
    /// Rows and events of the step that wrote the most.
    pub written: usize,
}

pub struct World {
    pub ledger: Ledger,
    pub now: Moment,
}

impl World {
    pub fn new() -> Self {
        let channels = Channels { email: false, webhook: true };
        let ledger = empty(Config { channels, ..config(1_000_000) }, NOW);
        let mut world = Self { ledger, now: NOW };
        let policy = Policy { lease_ttl: Duration::ZERO, max_devices_per_user: 1_000, ..Policy::default() };
        world.submit(CreateTenant { display_name: "Acme".into(), contact: "".into(), policy });
        (0..ORGANIZATIONS).for_each(|no| {
            world.submit(CreateOrganization { organization: organization(no), display_name: "Süd".into() });
        });
        world.people();
        world.licenses();
        world.sessions();
        world
    }

    fn people(&mut self) {
        let entry = |no| SyncEntry {
            user: user(no),
            patch: UserPatch::default(),
            seats: WantedSeat::each(&[pool(0), pool(no % POOLS)], &[]),
            blocked: None,
        };
        self.submit(SyncUsers { entries: (0..USERS).map(entry).collect(), when_full: WhenFull::Block, what_if: None });
        (0..FULL).for_each(|no| {
            self.submit(CreateUser { user: full(no), administrator: false, profile: profile(), pools: vec![] });
        });
        let (pools, users) = ((0..POOLS).map(pool).collect(), vec![whale()]);
        self.submit(GrantSeats { pools, users, organizations: organizations(10) });
    }

    fn licenses(&mut self) {
        (0..LICENSES).for_each(|no| {
            self.submit(install(no, 1));
        });
    }

    /// Signs the whale in on many devices, and all other users on one; then two hours pass, so that all are idle.
    fn sessions(&mut self) {
        let whales = (0..DEVICES).map(|no| login(whale(), pool(no % 3), no, no));
        let others = (0..USERS).map(|no| login(user(no), pool(0), 0, DEVICES + no));
        whales.chain(others).for_each(|login| {
            let outcome = self.submit(login);
            assert!(matches!(&outcome, Outcome::CheckOut(answer) if answer.as_ref().is_ok_and(|answer| answer.decision.is_ok())), "{outcome:?}");
        });
        (self.now.tick.0, self.now.wall.0) = (self.now.tick.0 + 2 * HOUR, self.now.wall.0 + 2 * HOUR as i64);
    }

    pub fn submit(&mut self, command: impl Into<Command>) -> Outcome {
        self.cost(command).0
    }

    /// Runs every step of a command, and the unfinished work; returns the outcome and the cost.
    pub fn cost(&mut self, command: impl Into<Command>) -> (Outcome, Cost) {
        let request = Request { tenant: tenant(), actor: Actor::service(), command: command.into() };
        let (mut decided, mut cost) = (Err(Execution::new(request)), Cost::default());
        loop {
            let (before, mut out) = (self.ledger.work(), Changes::default());
            decided = match decided {
                Err(execution) => self.ledger.execute(execution, self.now, &mut out),
                Ok(outcome) if !self.ledger.is_unfinished() => return (outcome, cost),
                Ok(outcome) => {
                    self.ledger.run_unfinished(self.now, &mut out);
                    Ok(outcome)
                }
            };
            cost.add(self.ledger.work() - before);
            cost.written = cost.written.max(out.rows.len() + out.events.len());
            assert!(cost.steps < MAX_STEPS, "it never ends");
        }
    }

    pub fn cost_of(&mut self, query: impl Into<Query>) -> (QueryResult, Cost) {
        let (mut reading, mut cost) = (Reading::new(Some(tenant()), query.into()), Cost::default());
        loop {
            let before = self.ledger.work();
            let found = self.ledger.read(&mut reading, self.now);
            cost.add(self.ledger.work() - before);
            assert!(cost.steps < MAX_STEPS, "it never ends");
            if let Some(found) = found {
                return (found, cost);
            }
        }
    }
}

impl Cost {
    fn add(&mut self, work: u64) {
        self.steps += 1;
        self.largest = self.largest.max(work);
    }
}

pub fn tenant() -> TenantId {
    TenantId::stored("acme")
}

pub fn user(no: u64) -> UserId {
    UserId::stored(&format!("user{no:05}"))
}

pub fn full(no: u64) -> UserId {
    UserId::stored(&format!("full{no:05}"))
}

/// A user with a seat in every pool, and sessions on many devices.
pub fn whale() -> UserId {
    UserId::stored("whale")
}

pub fn pool(no: u64) -> PoolId {
    PoolId::stored(&format!("pool{no:04}"))
}

pub fn organization(no: u64) -> OrganizationId {
    OrganizationId::stored(&format!("organization{no:04}"))
}

pub fn organizations(count: u64) -> Vec<OrganizationId> {
    (0..count).map(organization).collect()
}

pub fn session(no: u64) -> SessionId {
    SessionId(uuid::Uuid::from_u64_pair(1, no))
}

/// A profile of letters that become ten times as long when they are folded for comparison.
fn profile() -> Profile {
    let value: Box<str> = "\u{fdfa}".repeat(341).into();
    let attributes = (0..50).map(|no| (format!("attribute{no:02}").into(), value.clone())).collect();
    Profile { given_name: "Ann".into(), family_name: "Bell".into(), groups: vec!["all".into(); 100], attributes }
}

pub fn login(user: UserId, pool: PoolId, device: u64, fresh: u64) -> CheckOut {
    let device = DeviceId::stored(&format!("device{device}"));
    CheckOut {
        pool,
        user,
        device,
        organization: None,
        client: "".into(),
        check_only: false,
        fresh: session(fresh),
        alternatives: Vec::new(),
    }
}

/// Installs a license that names every pool, and has a twentieth of the terms that a tenant may have.
pub fn install(no: u64, revision: u64) -> InstallLicense {
    let features = (0..240).map(|feature| format!("FEATURE_{no}_{feature}").into()).collect();
    let pools = (0..POOLS).map(|no| (pool(no), Plan::Concurrent, Limit::Seats(10_000)).into()).collect();
    let terms = Terms { features, ..Terms::default() }.into();
    let grant = LicenseGrant { revision, pools, terms, ..LicenseGrant::default() };
    InstallLicense { license: LicenseId::stored(&format!("license{no}")), grant }
}
