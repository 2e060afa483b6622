//! I5: no session ends for a missed heartbeat before its last acknowledged heartbeat plus its lease. And the reverse: a
//! late heartbeat revives nothing (R24), and an overdue session takes no seat away (R18).

use std::collections::BTreeMap;

use usher::ids::{SessionId, ShardId};
use usher::journal::LOAD_GRACE_PERIOD;
use usher::ledger::outcome::SessionEndReason;

use super::must;
use super::seats::Promised;
use crate::simulation::audit_replay::Account;
use crate::simulation::call::{Call, Login};
use crate::simulation::process::Process;
use crate::simulation::test_data::MAX_SESSION;

/// Tolerance in milliseconds: a restart may count a tick that did not pass.
const SHORT: u64 = 100;

/// Checks a session that ended for a missed heartbeat.
pub fn ended(promised: &Promised, session: SessionId, now: u64) -> Result<(), String> {
    let until = promised.until(session);
    must(now >= until, || format!("I5 ended too early: {session} at {now}, promised until {until}"))
}

/// Checks a session that ended for its longest duration: it has really lasted that long, whatever clocks showed (R24).
pub fn lasted(asked_first: &BTreeMap<SessionId, u64>, session: SessionId, now: u64) -> Result<(), String> {
    let lasted = asked_first.get(&session).map(|request| now - request);
    must(lasted.is_none_or(|lasted| lasted + SHORT >= MAX_SESSION), || {
        format!("R24 ended too early: {session} lasted {lasted:?} ms, {MAX_SESSION} at least are allowed")
    })
}

/// Checks a lease that was promised by a call that began at `started`.
pub fn promise(account: &Account, session: SessionId, started: u64, ttl: u64) -> Result<(), String> {
    let Some(end) = account.ended.get(&session) else { return Ok(()) };
    let until = started + ttl;
    must(end.reason != SessionEndReason::LeaseExpired || end.at >= until, || {
        format!("I5 promised what had ended: {session} ended at {}, promised until {until}", end.at)
    })
}

/// The latest ends of the leases of a login, in milliseconds on the clock of each process.
#[derive(Default)]
pub struct Held {
    /// Time at which the last call that may have renewed the login's sessions was over; `None`: unknown, because a
    /// client went away.
    renewed: BTreeMap<Login, BTreeMap<usize, Option<u64>>>,
    /// Number of calls that may renew the login's sessions, now or later.
    open: BTreeMap<Login, usize>,
}

impl Held {
    pub fn open(&mut self, call: &Call) {
        for login in &call.renews {
            *self.open.entry(login.clone()).or_default() += 1;
        }
    }

    /// The call is over: no process carries it out any more. `known`: false if the client went away, and a process may
    /// continue.
    pub fn close(&mut self, call: &Call, processes: &[Process], known: bool) {
        for login in &call.renews {
            *self.open.get_mut(login).expect("an open call") -= 1;
            let renewed = self.renewed.entry(login.clone()).or_default();
            for process in processes {
                let renewed = renewed.entry(process.no).or_insert(Some(0));
                *renewed = renewed.filter(|_| known).map(|before| before.max(process.millis()));
            }
        }
    }

    /// `None`: the sessions may be held without limit, as far as a client can know.
    pub fn until(&self, process: &Process, shard: ShardId, login: &Login, ttl: u64) -> Option<u64> {
        if self.open.get(login).is_some_and(|open| *open > 0) {
            return None;
        }
        let grace = u64::try_from(LOAD_GRACE_PERIOD.as_millis()).expect("a short grace");
        let renewed = self.renewed.get(login).and_then(|renewed| renewed.get(&process.no)).copied();
        let renewed = renewed.unwrap_or(Some(0))?;
        Some((renewed + ttl).max(process.loaded[usize::from(shard.0)] + ttl + grace))
    }
}
