//! I1: no grant or login takes a pool above its limit, at any event of the audit; and the leases promised to clients
//! never add up to more than the limit. Only a shrunk limit leaves a pool above it (R14).

use std::collections::{BTreeMap, BTreeSet};

use usher::ids::{EventNo, PoolId, SessionId, UserId};
use usher::ledger::change::{Action, AuditEvent, Plan, Reason};
use usher::ledger::outcome::SessionEndReason;
use usher::ledger::time::WallTime;

use super::must;
use crate::simulation::audit_replay::Account;
use crate::simulation::test_data::{self, ADMINISTRATOR, POOLS};

/// Checks the state after an event. `high`: the durable high-water mark of wall time before its batch.
pub fn granted(account: &Account, event: &AuditEvent, high: WallTime) -> Result<(), String> {
    if matches!(event.reason, Some(Reason::Denied(_))) {
        return Ok(());
    }
    let named = event.user.as_ref().filter(|user| !account.blocked.contains(user));
    match (event.action, &event.pool) {
        (Action::SessionStarted, Some(pool)) => {
            let counts = event.user.as_ref().is_some_and(|user| user.as_str() != ADMINISTRATOR);
            let fresh = counts && is_first(account, event, pool);
            if fresh && test_data::plan_of(&account.id, pool) == Plan::Concurrent {
                return within(account, pool, high, event);
            }
        }
        (Action::SeatGranted, Some(pool))
            if named.is_some() && test_data::plan_of(&account.id, pool) == Plan::Named =>
        {
            return within(account, pool, high, event);
        }
        (Action::UserUnblocked, _) => {
            let held = |pool: &PoolId| account.seats.iter().any(|(of, user)| of == pool && Some(user) == named);
            let pools = POOLS.map(test_data::pool);
            let named = pools.iter().filter(|pool| test_data::plan_of(&account.id, pool) == Plan::Named && held(pool));
            for pool in named {
                within(account, pool, high, event)?;
            }
        }
        _ => {}
    }
    Ok(())
}

/// Returns whether this is the user's first session in the pool.
fn is_first(account: &Account, event: &AuditEvent, pool: &PoolId) -> bool {
    let same = account.live.values().filter(|live| live.pool == *pool && Some(&live.user) == event.user.as_ref());
    same.count() == 1
}

fn within(account: &Account, pool: &PoolId, high: WallTime, event: &AuditEvent) -> Result<(), String> {
    let (in_use, limit) = (account.in_use(pool), account.limit(pool, high));
    must(limit.is_none_or(|limit| in_use <= limit), || {
        format!("I1 a seat too many: {in_use} of {limit:?} in {}/{pool} after {event:?}", account.id)
    })
}

/// The leases by the answers that clients got: the end of each, in simulation time.
#[derive(Default)]
pub struct Promised(BTreeMap<SessionId, u64>);

impl Promised {
    pub fn renew(&mut self, session: SessionId, until: u64) {
        let known = self.0.entry(session).or_default();
        *known = until.max(*known);
    }

    pub fn until(&self, session: SessionId) -> u64 {
        self.0.get(&session).copied().unwrap_or_default()
    }

    /// Checks the sum of the leases that are promised now in a concurrent pool.
    pub fn together(&mut self, account: &Account, pool: &PoolId, now: u64) -> Result<(), String> {
        self.0.retain(|_, until| *until > now);
        if test_data::plan_of(&account.id, pool) == Plan::Named {
            return Ok(());
        }
        let mut users: BTreeSet<&UserId> = BTreeSet::new();
        let mut first = None;
        for session in self.0.keys() {
            let Some((live, no)) = account.started.get(session) else { continue };
            let ended = account.ended.get(session).is_some_and(|end| end.reason != SessionEndReason::LeaseExpired);
            if live.pool == *pool && live.user.as_str() != ADMINISTRATOR && !ended {
                users.insert(&live.user);
                let since = account.present.get(&(pool.clone(), live.user.clone())).unwrap_or(no);
                first = Some(first.map_or(*since, |first: EventNo| first.min(*since)));
            }
        }
        let Some(first) = first else { return Ok(()) };
        // A limit that was unlimited at any time since the first of them began is unlimited for all.
        let most = account.limits.since(pool, first).into_iter().try_fold(0, |most, limit| Some(most.max(limit?)));
        must(most.is_none_or(|most| users.len() as u64 <= most), || {
            format!("I1 too many leases: {users:?} of {most:?} in {}/{pool}", account.id)
        })
    }
}
