//! Identical denials of one user within a minute are one audit event with a count (R21), so that a login storm fills no
//! disk. The count is written at most once per tick of the shard; a crash loses no event, only repeats since the last
//! tick. Different denials have a budget for each tenant, so that invented user ids fill no disk either.

use std::collections::VecDeque;
use std::time::Duration;

use super::audit_draft::AuditDraft;
use super::budget::Budget;
use super::map::{Map, Seed};
use super::rates::{Limiter, Rate};
use crate::ids::{PoolId, TenantNo, UserId};
use crate::ledger::model::change::{Action, AuditEvent, Changes, Reason};
use crate::ledger::model::time::Tick;

const DENIAL_WINDOW: Duration = Duration::from_secs(60);
/// Number of different denials that are remembered; beyond it the oldest are forgotten early, and count anew.
const MAX_DENIALS_REMEMBERED: usize = 100_000;
/// Counts that one tick writes; the next tick writes the rest.
pub(in crate::ledger) const COUNTS_PER_TICK: u32 = 5_000;
/// Denials older than a minute that each new one removes; the tick removes the others.
const MAX_FORGOTTEN_PER_CALL: usize = 8;

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Key {
    tenant: TenantNo,
    action: Action,
    reason: u8,
    user: Option<UserId>,
    pool: Option<PoolId>,
}

#[derive(Debug)]
struct Entry {
    event: AuditEvent,
    since: Tick,
    /// True if the count grew since the event was last written.
    dirty: bool,
}

/// Denials of the last minute whose repeats are counted.
#[derive(Debug)]
pub(in crate::ledger) struct Denials {
    entries: Map<Key, Entry>,
    /// In order of the first denial.
    by_age: VecDeque<(Tick, Key)>,
    dirty: VecDeque<Key>,
    /// Budget of each tenant for denials with an event of their own.
    budget: Limiter<TenantNo>,
}

impl Denials {
    pub fn new(rate: Rate, seed: Seed) -> Self {
        Self {
            entries: Map::with_hasher(seed),
            by_age: VecDeque::new(),
            dirty: VecDeque::new(),
            budget: Limiter::new(rate, seed),
        }
    }

    /// Takes one event from the tenant's budget; returns false if it is spent.
    pub fn has_budget(&mut self, tenant: TenantNo, now: Tick) -> bool {
        self.budget.take(&tenant, now).is_ok()
    }

    /// Counts the denial and returns true, if an identical one is remembered and less than a minute old.
    pub fn repeats(&mut self, about: &AuditDraft, now: Tick, budget: &mut Budget, out: &mut Changes) -> bool {
        for _ in 0..MAX_FORGOTTEN_PER_CALL {
            if !self.forget_one(now, budget, out) {
                break;
            }
        }
        let key = key_of(about.tenant, about.action, about.reason, &about.user, &about.pool);
        let Some(entry) = self.entries.get_mut(&key) else { return false };
        if now.since(entry.since) >= DENIAL_WINDOW {
            self.forget(&key, budget, out);
            return false;
        }
        entry.event.count = entry.event.count.saturating_add(1);
        if !entry.dirty {
            entry.dirty = true;
            self.dirty.push_back(key);
        }
        true
    }

    pub fn remember(&mut self, event: AuditEvent, now: Tick) {
        let key = key_of(event.tenant, event.action, event.reason, &event.user, &event.pool);
        self.by_age.push_back((now, key.clone()));
        self.entries.insert(key, Entry { event, since: now, dirty: false });
    }

    /// Writes counts that grew since the last tick, at most `left`, and forgets denials older than a minute, as far as
    /// the budget allows; returns true if all of that is done.
    pub fn tick(&mut self, now: Tick, left: &mut u32, budget: &mut Budget, out: &mut Changes) -> bool {
        while *left > 0
            && let Some(key) = self.dirty.pop_front()
        {
            budget.spend(Budget::READ);
            if let Some(entry) = self.entries.get_mut(&key)
                && std::mem::take(&mut entry.dirty)
            {
                *left -= 1;
                budget.write(Budget::WRITE);
                out.events.push(entry.event.clone());
            }
            if budget.is_spent() {
                return false;
            }
        }
        while self.forget_one(now, budget, out) {
            if budget.is_spent() {
                return false;
            }
        }
        true
    }

    /// Forgets the oldest denial, if it is older than a minute or too many are remembered; returns false if neither is
    /// so.
    fn forget_one(&mut self, now: Tick, budget: &mut Budget, out: &mut Changes) -> bool {
        let many = self.by_age.len() > MAX_DENIALS_REMEMBERED;
        let Some((since, key)) = self.by_age.pop_front_if(|(since, _)| many || now.since(*since) >= DENIAL_WINDOW)
        else {
            return false;
        };
        budget.spend(Budget::READ);
        // Otherwise the key was forgotten, and remembered again later.
        if self.entries.get(&key).is_some_and(|entry| entry.since == since) {
            self.forget(&key, budget, out);
        }
        true
    }

    /// Forgets a denial, after writing its count.
    fn forget(&mut self, key: &Key, budget: &mut Budget, out: &mut Changes) {
        if let Some(entry) = self.entries.remove(key)
            && entry.dirty
        {
            budget.write(Budget::WRITE);
            out.events.push(entry.event);
        }
    }
}

fn key_of(
    tenant: TenantNo,
    action: Action,
    reason: Option<Reason>,
    user: &Option<UserId>,
    pool: &Option<PoolId>,
) -> Key {
    Key { tenant, action, reason: reason.map_or(0, Reason::code), user: user.clone(), pool: pool.clone() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::EventNo;
    use crate::ledger::model::change::Actor;
    use crate::ledger::model::outcome::DenialReason;
    use crate::ledger::model::time::{Moment, WallTime};
    use crate::ledger::state::audit_draft::AuditDraft;

    const USERS: u64 = 12_000;

    fn about(user: u64) -> AuditDraft {
        let user = UserId::stored(&format!("user{user}"));
        AuditDraft::new(TenantNo(1), Action::CheckOutDenied).denied(DenialReason::UserNotFound).user(&user)
    }

    fn denials() -> Denials {
        Denials::new(Rate::per(1, DENIAL_WINDOW), Seed(7))
    }

    fn remember(denials: &mut Denials, user: u64, now: Tick) {
        let event = about(user).event(EventNo(user), Moment::new(now, WallTime(0)), &Actor::service());
        denials.remember(event, now);
    }

    fn repeats(denials: &mut Denials, user: u64, now: Tick, out: &mut Changes) -> bool {
        denials.repeats(&about(user), now, &mut Budget::of(Budget::STEP), out)
    }

    #[test]
    fn what_a_tick_writes_and_forgets_goes_in_steps() {
        let (mut denials, mut out) = (denials(), Changes::default());
        for user in 0..USERS {
            remember(&mut denials, user, Tick(0));
            assert!(repeats(&mut denials, user, Tick(0), &mut out));
        }
        let mut budget = Budget::default();
        let mut tick = |denials: &mut Denials, now: Tick, out: &mut Changes| {
            let (mut left, mut steps) = (COUNTS_PER_TICK, 1);
            budget.begin();
            let mut before = budget.total();
            while !denials.tick(now, &mut left, &mut budget, out) {
                assert!(budget.total() - before <= 2 * u64::from(Budget::STEP));
                budget.begin();
                (before, steps) = (budget.total(), steps + 1);
            }
            steps
        };
        let steps = tick(&mut denials, Tick(0), &mut out);
        assert_eq!((out.events.len(), denials.dirty.len()), (5_000, 7_000), "so many a tick");
        assert!(steps > 15, "{steps}");
        let minute = Tick(60_000);
        let steps = tick(&mut denials, minute, &mut out);
        assert!(steps > 20, "{steps}");
        assert!(denials.entries.is_empty() && denials.by_age.is_empty());
        assert_eq!(out.events.len() as u64, USERS, "each count is written once");
        assert!(out.events.iter().all(|event| event.count == 2));
    }

    #[test]
    fn a_denial_after_a_minute_begins_anew_however_many_older_ones_there_are() {
        let (mut denials, mut out) = (denials(), Changes::default());
        for user in 0..100 {
            remember(&mut denials, user, Tick(0));
        }
        assert!(repeats(&mut denials, 99, Tick(59_999), &mut out));
        assert!(!repeats(&mut denials, 99, Tick(60_000), &mut out));
        assert_eq!((denials.by_age.len(), out.events.len(), out.events[0].count), (92, 1, 2), "its count is written");
        remember(&mut denials, 99, Tick(60_000));
        let mut left = u32::MAX;
        assert!(denials.tick(Tick(60_000), &mut left, &mut Budget::of(Budget::STEP), &mut out));
        assert_eq!((denials.entries.len(), denials.by_age.len()), (1, 1));
        assert!(repeats(&mut denials, 99, Tick(60_001), &mut out));
    }
}
