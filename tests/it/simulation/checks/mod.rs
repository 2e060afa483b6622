//! The invariants, checked at each commit and at each answer, with one file for each. A failure's text begins with the
//! number of the violated invariant or rule.

mod acknowledged;
pub mod leases;
mod ownership;
mod recount;
pub mod routing;
mod seats;
mod sessions;
mod tenants;
mod ticks;
pub mod tokens;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;

use usher::ids::{EventNo, SessionId, ShardId, TenantId};
use usher::ledger::change::{Action, Plan, Reason};
use usher::ledger::command::{Command, Outcome, QueryResult};
use usher::ledger::outcome::{CheckedOut, DenialReason, HeartbeatResult, Lease, SessionEndReason};
use usher::store::{Batch, Owner};

use super::audit_replay::{Account, AuditReplay, Sent};
use super::call::{Answer, Call, CallRequest};
use super::clients::Clients;
use super::disk::ShardDisk;
use super::process::Process;
use super::test_data::{self, ADMINISTRATOR, SHARDS};
use crate::support::adds_up::adds_up;
use leases::Held;
use ownership::Ownership;
use routing::Routing;
use seats::Promised;
use ticks::Ticks;
use tokens::Tokens;

pub struct Checks {
    replay: Vec<AuditReplay>,
    pub ownership: Ownership,
    promised: Promised,
    pub held: Held,
    /// Time of the first check-out with a session id.
    pub asked_first: BTreeMap<SessionId, u64>,
    /// Session ids of attempts at check-outs that were "not applied".
    not_applied: BTreeSet<SessionId>,
    pub routing: Routing,
    pub ticks: Ticks,
    pub tokens: Tokens,
}

pub fn must(holds: bool, what: impl FnOnce() -> String) -> Result<(), String> {
    if holds { Ok(()) } else { Err(what()) }
}

pub fn same<T: Debug + PartialEq>(what: &str, left: T, right: T) -> Result<(), String> {
    must(left == right, || format!("{what}: {left:?} and {right:?}"))
}

impl Checks {
    pub fn new() -> Self {
        Self {
            replay: (0..SHARDS).map(|_| AuditReplay::default()).collect(),
            ownership: Ownership::default(),
            promised: Promised::default(),
            held: Held::default(),
            asked_first: BTreeMap::new(),
            not_applied: BTreeSet::new(),
            routing: Routing::default(),
            ticks: Ticks::default(),
            tokens: Tokens::default(),
        }
    }

    /// C8: an attempt at a check-out that was "not applied" is not in the store, and never will be. `fresh`: the session
    /// that was offered.
    pub fn not_applied(&mut self, tenant: &TenantId, fresh: SessionId) -> Result<(), String> {
        self.not_applied.insert(fresh);
        let account = self.replay[usize::from(tenant.shard(SHARDS).0)].of(tenant);
        let applied = account.is_some_and(|account| account.started.contains_key(&fresh));
        must(!applied, || format!("C8 not applied, and in the store: session {fresh}"))
    }

    fn replay(&self, shard: ShardId) -> &AuditReplay {
        &self.replay[usize::from(shard.0)]
    }

    /// Checks a batch that is durable now.
    pub fn committed(
        &mut self,
        (process, shard, owner): (usize, ShardId, Owner),
        batch: &Batch,
        shard_disk: &ShardDisk,
        sent: &Sent,
        now: u64,
    ) -> Result<(), String> {
        let before = self.ownership.committed(process, shard, owner, batch)?;
        self.ticks.committed(shard, owner, batch)?;
        let replay = &mut self.replay[usize::from(shard.0)];
        for event in &batch.events {
            if !self.ownership.appended(shard, event, before)? {
                continue;
            }
            let started = event.session.filter(|_| event.action == Action::SessionStarted);
            must(started.is_none_or(|session| !self.not_applied.contains(&session)), || {
                format!("C8 not applied, and committed later: {event:?}")
            })?;
            replay.fold(event, sent, now).map_err(|what| format!("I4 the audit makes no sense: {what}"))?;
            let Some(account) = replay.tenants.get(&event.tenant) else { continue };
            seats::granted(account, event, before.wall_high)?;
            let (Action::SessionEnded, Some(session), Some(Reason::Ended(reason))) =
                (event.action, event.session, event.reason)
            else {
                continue;
            };
            match reason {
                SessionEndReason::LeaseExpired => leases::ended(&self.promised, session, now)?,
                SessionEndReason::MaxDuration => leases::lasted(&self.asked_first, session, now)?,
                _ => {}
            }
        }
        recount::compare(&shard_disk.rows, replay)
    }

    /// Folds the whole stored audit anew, and compares it with the fold of each event at its commit: nothing was lost
    /// since (I2).
    pub fn whole(&self, shard: ShardId, shard_disk: &ShardDisk, sent: &Sent) -> Result<(), String> {
        adds_up(shard, SHARDS, shard_disk.position, shard_disk.rows.all(), &shard_disk.events)
            .map_err(|what| format!("I4 the store does not add up: {what}"))?;
        let mut again = AuditReplay::default();
        for event in shard_disk.events.values() {
            again.fold(event, sent, 0).map_err(|what| format!("I2 the audit as it stands makes no sense: {what}"))?;
        }
        for (no, account) in &self.replay(shard).tenants {
            let other = again.tenants.get(no).ok_or_else(|| format!("I2 tenant {no} is gone from the audit"))?;
            let ends = |account: &Account| account.ended.iter().map(|(id, end)| (*id, end.no)).collect::<Vec<_>>();
            same("I2 sessions started", &other.started, &account.started)?;
            same("I2 sessions ended", ends(other), ends(account))?;
        }
        recount::compare(&shard_disk.rows, &again)
    }

    /// Checks an answer that a client got.
    pub fn answered(
        &mut self,
        call: &Call,
        answer: &Answer,
        process: Option<&Process>,
        clients: &Clients,
        rivals: Option<usize>,
        now: u64,
    ) -> Result<(), String> {
        tenants::keep_apart(call, answer, clients)?;
        self.tokens.answered(call, answer, now);
        let shard = call.tenant.shard(SHARDS);
        let Some(account) = self.replay[usize::from(shard.0)].of(&call.tenant) else {
            return must(!is_success(answer), || format!("I2 the tenant is not in the audit: {answer:?}"));
        };
        sessions::nothing_stale(account, call, answer)?;
        acknowledged::is_durable(account, call, self.routing.sessions(call.no), answer)?;
        match answer {
            Answer::Outcome(Outcome::Heartbeat(heartbeats)) => {
                for (index, beat) in heartbeats.iter().enumerate() {
                    let HeartbeatResult::Kept(lease) = beat else { continue };
                    let late = process.is_some_and(|process| {
                        let until = call.held_until.get(index).and_then(|held| held.get(&process.no));
                        // A load in the meantime, which the call has waited for, gives the session another lease.
                        let started = call.started_at(process.no);
                        let loaded = process.loaded[usize::from(shard.0)];
                        until.is_some_and(|until| started >= *until) && loaded < started
                    });
                    must(!late, || format!("R24 a late heartbeat revived a session: {:?}", call.request))?;
                    promised(&mut self.promised, account, call, lease)?;
                }
            }
            Answer::Outcome(Outcome::CheckOut(Ok(CheckedOut { decision: Ok(lease), usage, .. })))
                if lease.session.is_some() =>
            {
                promised(&mut self.promised, account, call, lease)?;
                self.promised.together(account, &lease.pool, now)?;
                usage.iter().try_for_each(|usage| recount::shown(account, usage, call.known))?;
            }
            Answer::Outcome(Outcome::CheckOut(Ok(CheckedOut { decision: Err(denial), .. })))
                if denial.reason == DenialReason::SeatsExhausted =>
            {
                if let Some(process) = process {
                    no_seat_was_free(account, &self.held, call, process, clients, rivals)?;
                }
            }
            Answer::QueryResult(QueryResult::GetUsage(Ok(usage))) => {
                usage.pools.iter().try_for_each(|usage| recount::shown(account, usage, call.known))?;
            }
            _ => {}
        }
        Ok(())
    }
}

fn is_success(answer: &Answer) -> bool {
    match answer {
        Answer::Outcome(Outcome::CheckOut(answer)) => answer.as_ref().is_ok_and(|answer| answer.decision.is_ok()),
        Answer::Outcome(Outcome::CreateTenant(answer)) => answer.is_ok(),
        Answer::Outcome(Outcome::InstallLicense(answer)) => answer.is_ok(),
        _ => false,
    }
}

fn promised(promised: &mut Promised, account: &Account, call: &Call, lease: &Lease) -> Result<(), String> {
    let (Some(session), Some(ttl)) = (lease.session, lease.ttl) else { return Ok(()) };
    let ttl = u64::try_from(ttl.as_millis()).expect("a short lease");
    leases::promise(account, session, call.started, ttl)?;
    promised.renew(session, call.started + ttl);
    Ok(())
}

/// R18: a pool that is reported full is full of sessions that are not overdue. `rivals`: check-outs of the same pool
/// that may hold a seat that the audit does not have yet; `None`: the limit at that time is unknown.
fn no_seat_was_free(
    account: &Account,
    held: &Held,
    call: &Call,
    process: &Process,
    clients: &Clients,
    rivals: Option<usize>,
) -> Result<(), String> {
    let (CallRequest::Command(Command::CheckOut(command)), Some(rivals)) = (&call.request, rivals) else {
        return Ok(());
    };
    let steady = account.licensed_at <= call.known;
    let dated = account.licenses.values().any(|grant| grant.expires.is_some());
    let Some(limit) = account.limit(&command.pool, usher::ledger::time::WallTime(i64::MIN)) else { return Ok(()) };
    if test_data::plan_of(&account.id, &command.pool) == Plan::Named || !steady || dated {
        return Ok(());
    }
    let since = |no: EventNo| no > call.known;
    let ended_late = account.ended.iter().filter(|(_, end)| since(end.no)).map(|(session, _)| session);
    let mut users = Vec::new();
    for session in account.live.keys().chain(ended_late) {
        let (live, _) = &account.started[session];
        let login = &clients.issued[session];
        let until = held.until(process, call.tenant.shard(SHARDS), login, clients.ttl[&account.id]);
        let overdue = until.is_some_and(|until| until <= call.started_at(process.no));
        if live.pool == command.pool && live.user.as_str() != ADMINISTRATOR && !overdue {
            users.push(&live.user);
        }
    }
    users.sort();
    users.dedup();
    let most = (users.len() + rivals) as u64;
    must(most >= limit, || format!("R18 no seat for {}, but {users:?} hold at most {most} of {limit}", command.user))
}
