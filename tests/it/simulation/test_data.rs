//! Names and numbers of a simulation, and the policies and licenses of its tenants.

use std::cell::Cell;
use std::time::Duration;

use usher::auth::token::Token;
use usher::ids::{DeviceId, LicenseId, NodeId, PoolId, SessionId, TenantId, TokenId, UserId};
use usher::ledger::change::{Limit, Plan};
use usher::ledger::command::LicenseGrant;
use usher::ledger::license::PoolGrant;
use usher::ledger::policy::{Policy, UnknownUsers, WhenAlreadySignedIn, WhenFull};
use usher::ledger::time::WallTime;
use uuid::Uuid;

use crate::model::rng::Rng;

pub const SHARDS: u16 = 4;
/// The last one never gets a license: it stays in demo mode (R30).
pub const TENANTS: [&str; 3] = ["acme", "beta", "echo"];
/// The last two are an administrator, and a user whom no administrator created.
pub const USERS: [&str; 7] = ["ann", "bob", "cid", "dan", "eve", "root", "zoe"];
/// The two ids of a user who never signs in.
pub const RENAMED: [&str; 2] = ["gil", "gus"];
pub const ADMINISTRATOR: &str = "root";
pub const STRANGER: &str = "zoe";
pub const DEVICES: [&str; 2] = ["laptop", "phone"];
/// Concurrent and scarce; named; concurrent and unlimited.
pub const POOLS: [&str; 3] = ["crm", "office", "lobby"];
pub const DEMO_SEATS: u64 = 2;

pub fn tenant(index: usize) -> TenantId {
    TenantId::parse(TENANTS[index % TENANTS.len()]).expect("an id")
}

pub fn user(name: &str) -> UserId {
    UserId::parse(name).expect("an id")
}

pub fn pool(name: &str) -> PoolId {
    PoolId::parse(name).expect("an id")
}

pub fn device(index: usize) -> DeviceId {
    DeviceId::parse(DEVICES[index % DEVICES.len()]).expect("an id")
}

pub fn main_license() -> LicenseId {
    LicenseId::parse("main").expect("an id")
}

pub fn extra_license() -> LicenseId {
    LicenseId::parse("extra").expect("an id")
}

pub fn session(no: u64) -> SessionId {
    SessionId(Uuid::from_u128(u128::from(no)))
}

/// The API token with this id.
pub fn token(id: TokenId) -> Token {
    let secret = [u8::try_from(id.0 % 251).expect("a small number"); 32];
    Token::new(id, &secret)
}

thread_local! {
    /// State of the ids that nodes draw. A run stays on one thread, and sets it first.
    static NODE_IDS: Cell<u64> = const { Cell::new(0) };
}

/// Has the nodes of a run draw the same ids as in each run of this seed.
pub fn seed_nodes(seed: u64) {
    NODE_IDS.set(seed);
}

/// The id of a node: in no order, as random ones are.
pub fn fresh_node() -> NodeId {
    let mut rng = Rng::new(NODE_IDS.get());
    NODE_IDS.set(rng.next());
    NodeId(Uuid::from_u64_pair(rng.next(), rng.next()))
}

pub fn is_licensed(tenant: &TenantId) -> bool {
    tenant.as_str() != TENANTS[TENANTS.len() - 1]
}

pub fn plan_of(tenant: &TenantId, pool: &PoolId) -> Plan {
    if is_licensed(tenant) && pool.as_str() == "office" { Plan::Named } else { Plan::Concurrent }
}

/// The lowest `max_session` of any policy, in milliseconds.
pub const MAX_SESSION: u64 = 120_000;

/// A tenant's policy in this run. Leases are short, so that they end during the run.
pub fn policy(rng: &mut Rng) -> Policy {
    let idle_after = *rng.pick(&[5, 60, 3_600]);
    Policy {
        lease_ttl: Duration::from_secs(*rng.pick(&[1, 4, 20, 90])),
        max_session: Duration::from_millis(*rng.pick(&[MAX_SESSION, 300 * MAX_SESSION])),
        away_after: Duration::from_secs(idle_after / 5),
        idle_after: Duration::from_secs(idle_after),
        max_devices_per_user: *rng.pick(&[1, 2]),
        when_already_signed_in: *rng.pick(&[WhenAlreadySignedIn::Deny, WhenAlreadySignedIn::TakeOver]),
        when_full: *rng.pick(&[WhenFull::Deny, WhenFull::ReclaimIdle]),
        unknown_users: *rng.pick(&[UnknownUsers::Deny, UnknownUsers::Admit]),
        ..Policy::default()
    }
}

/// The terms of a revision of the main license: small numbers, zero included.
pub fn main_grant(revision: u64, pick: usize) -> LicenseGrant {
    let seats = |pick: usize, least: u64| Limit::Seats(least + (pick % 4) as u64);
    LicenseGrant {
        revision,
        pools: vec![
            PoolGrant { overdraft: u64::from(pick.is_multiple_of(3)), ..crm(seats(pick, 0)) },
            (pool("office"), Plan::Named, seats(pick / 4, 1)).into(),
            (pool("lobby"), Plan::Concurrent, Limit::Unlimited).into(),
        ],
        ..LicenseGrant::default()
    }
}

fn crm(limit: Limit) -> PoolGrant {
    (pool("crm"), Plan::Concurrent, limit).into()
}

/// A few more seats for a short time.
pub fn extra_grant(revision: u64, expires: WallTime) -> LicenseGrant {
    let pools = vec![crm(Limit::Seats(1)), (pool("office"), Plan::Named, Limit::Seats(1)).into()];
    LicenseGrant { revision, expires: Some(expires), pools, ..LicenseGrant::default() }
}
