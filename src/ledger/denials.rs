//! Identical denials of one user within a minute are one audit event with a count (R21), so that a login
//! storm fills no disk. The count is written at most once a tick of the shard; a crash loses no event, only
//! repeats of the last tick. Different denials have a budget for each tenant: whoever makes up users fills no disk either.

use std::collections::VecDeque;
use std::time::Duration;

use super::change::{Action, AuditEvent, Changes, Reason};
use super::map::{Map, Seed};
use super::rates::{Limiter, Rate};
use super::step::About;
use super::time::Tick;
use crate::ids::{PoolId, TenantNo, UserId};

const WINDOW: Duration = Duration::from_secs(60);
/// Different denials remembered at once; beyond that the oldest are forgotten early and count anew.
const MOST: usize = 100_000;
/// Counts that one tick writes; what is beyond waits for the next one.
const COUNTS_PER_TICK: usize = 5_000;

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
    /// Counted since the event was last written.
    dirty: bool,
}

#[derive(Debug)]
pub(super) struct Denials {
    entries: Map<Key, Entry>,
    /// In the order of their first denial.
    by_age: VecDeque<(Tick, Key)>,
    dirty: VecDeque<Key>,
    /// Denials with an event of their own, of each tenant.
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

    /// Whether the tenant has one more event of its own, which is taken.
    pub fn has_budget(&mut self, tenant: TenantNo, now: Tick) -> bool {
        self.budget.take(&tenant, now).is_ok()
    }

    /// Counts the denial if an identical one is remembered and younger than a minute.
    pub fn repeats(&mut self, about: &About, now: Tick, out: &mut Changes) -> bool {
        self.forget(now, &mut out.events);
        let key = key_of(about.tenant, about.action, about.reason, &about.user, &about.pool);
        let Some(entry) = self.entries.get_mut(&key) else { return false };
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
        self.entries.insert(key, Entry { event, dirty: false });
    }

    /// Writes the counts that grew since the last tick (`all`: without a bound), and forgets what is older than a minute.
    pub fn tick(&mut self, now: Tick, all: bool, out: &mut Changes) {
        let most = if all { self.dirty.len() } else { COUNTS_PER_TICK.min(self.dirty.len()) };
        for key in self.dirty.drain(..most) {
            if let Some(entry) = self.entries.get_mut(&key) {
                entry.dirty = false;
                out.events.push(entry.event.clone());
            }
        }
        self.forget(now, &mut out.events);
    }

    fn forget(&mut self, now: Tick, unwritten: &mut Vec<AuditEvent>) {
        while let Some((since, _)) = self.by_age.front() {
            if now.since(*since) < WINDOW && self.by_age.len() <= MOST {
                break;
            }
            let Some((_, key)) = self.by_age.pop_front() else { break };
            if let Some(entry) = self.entries.remove(&key)
                && entry.dirty
            {
                unwritten.push(entry.event);
            }
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
