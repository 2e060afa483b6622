//! Calls: the choice of the process, the handling of answers, and repetitions.

use std::collections::BTreeMap;

use usher::ids::{PoolId, SessionId, TenantId};
use usher::journal::JournalError;
use usher::ledger::command::{Command, Outcome};
use usher::ledger::outcome::HeartbeatResult;

use super::call::{Answer, Call, CallRequest, Login, Opening};
use super::checks::must;
use super::node_call::{Refusal, Response};
use super::process::Process;
use super::test_data::SHARDS;
use super::world::World;

/// Attempts of a client before it gives up.
pub const ATTEMPTS: usize = 6;

/// The process to call.
#[derive(Debug, Clone, Copy)]
pub enum To {
    /// Chosen by a number.
    Some(usize),
    /// This process if it is there, else any.
    Process(usize),
}

impl World {
    /// Calls a process as a client.
    pub fn call(
        &mut self,
        tenant: TenantId,
        request: CallRequest,
        stray: bool,
        attempts: usize,
        to: To,
    ) -> Result<(), String> {
        let listening: Vec<&Process> = self.processes.iter().filter(|process| process.listens()).collect();
        let chosen = match to {
            To::Some(pick) => listening.get(pick % listening.len().max(1)),
            To::Process(no) => listening.iter().find(|process| process.no == no).or(listening.last()),
        };
        let Some(process) = chosen.copied() else {
            self.trace.line(format_args!("nobody listens for {tenant}: {request:?}"));
            self.again_later(tenant, request, stray, attempts);
            return Ok(());
        };
        self.last_call += 1;
        let (no, shard) = (self.last_call, tenant.shard(SHARDS));
        self.trace.line(format_args!("call {no} to process {} for {tenant}: {request:?}", process.no));
        let mut call = Call::open(Opening { no, process: process.no, tenant, request, stray, attempts }, process);
        call.started = self.now;
        call.started_there = self.processes.iter().map(|process| (process.no, process.millis())).collect();
        call.known = self.server.disk.shard_disk(shard).position.last_event;
        call.renews = self.renews(&call);
        call.held_until = self.held_until(&call);
        self.checks.held.open(&call);
        self.checks.tokens.open(&call);
        self.calls.push(call);
        self.settle()
    }

    /// Logins whose lease the call may extend.
    fn renews(&self, call: &Call) -> Vec<Login> {
        match &call.request {
            CallRequest::Command(Command::CheckOut(command)) => vec![self.clients.issued[&command.fresh].clone()],
            request => beaten(request).filter_map(|session| self.clients.issued.get(&session)).cloned().collect(),
        }
    }

    /// For each session of a heartbeat, the latest end of its lease at each process.
    fn held_until(&self, call: &Call) -> Vec<BTreeMap<usize, u64>> {
        let until = |session: SessionId, process: &Process| {
            let login = self.clients.issued.get(&session)?;
            let ttl = self.clients.ttl.get(&login.tenant)?;
            self.checks.held.until(process, login.tenant.shard(SHARDS), login, *ttl)
        };
        let all = |session| {
            let held = self.processes.iter().filter_map(|process| Some((process.no, until(session, process)?)));
            held.collect()
        };
        beaten(&call.request).map(all).collect()
    }

    pub fn hear(&mut self) -> Result<(), String> {
        let mut at = 0;
        while at < self.calls.len() {
            match self.calls[at].poll() {
                Some(response) => {
                    let call = self.calls.remove(at);
                    self.heard(call, response)?;
                }
                None => at += 1,
            }
        }
        Ok(())
    }

    fn heard(&mut self, call: Call, response: Response) -> Result<(), String> {
        let no = call.no;
        match response.answer {
            Ok(answer) => {
                self.trace.line(format_args!("call {no} is answered by process {}: {answer:?}", response.by));
                let rivals = self.rivals(&call);
                let process = self.processes.iter().find(|process| process.no == response.by);
                self.checks.answered(&call, &answer, process, &self.clients, rivals, self.now)?;
                self.remember(&call, &answer);
                self.over(call, Some(self.now));
            }
            Err(refusal) => {
                self.trace.line(format_args!("call {no} fails: {refusal:?}"));
                self.try_again(&call);
                // A change that the store refused may still be written later.
                let later = refusal == Refusal::Journal(JournalError::NotWritten);
                self.over(call, (!later).then_some(self.now));
            }
        }
        Ok(())
    }

    /// A process does not carry a call out.
    pub fn refused(&mut self, process: usize, refusal: JournalError) -> Result<(), String> {
        let Some(process) = self.processes.iter().find(|of| of.no == process) else { return Ok(()) };
        match refusal {
            JournalError::Failed => must(process.refused > 0, || "a bug: a call failed".into()),
            JournalError::Stopping => Err("a bug: a node refuses a call because it stops".into()),
            _ => Ok(()),
        }
    }

    fn remember(&mut self, call: &Call, answer: &Answer) {
        // Tokens belong to no tenant.
        let Some(ttl) = self.clients.ttl.get(&call.tenant) else { return };
        let next = self.now + ttl / 3;
        match answer {
            Answer::Outcome(Outcome::CheckOut(Ok(answer))) => {
                let Some(session) = answer.decision.as_ref().ok().and_then(|lease| lease.session) else { return };
                self.clients.hear(&call.tenant, session);
                self.kept_sessions.begin(&call.tenant, session, call.process, next);
            }
            Answer::Outcome(Outcome::Heartbeat(heartbeats)) if !call.stray => {
                for (session, beat) in beaten(&call.request).zip(heartbeats) {
                    match beat {
                        HeartbeatResult::Kept(_) => self.kept_sessions.kept(session, call.process, next),
                        HeartbeatResult::Ended(_) => self.kept_sessions.ended(session),
                    }
                }
            }
            Answer::Outcome(Outcome::UpdateTenant(Ok(_))) => self.served.push(call.tenant.clone()),
            _ => {}
        }
    }

    /// The number of seats that other calls may have taken that were open at any time since this call began; `None`: a
    /// license may have changed in that time.
    fn rivals(&self, call: &Call) -> Option<usize> {
        let CallRequest::Command(Command::CheckOut(command)) = &call.request else { return Some(0) };
        let open = self.open_calls().filter_map(about);
        let since = |at: &Option<u64>| at.is_none_or(|at| at >= call.started);
        let closed = self.closed.iter().filter(|(_, at)| since(at)).map(|(about, _)| about.clone());
        // An earlier attempt at the same call may have taken a seat.
        let mut seats = self.checks.routing.attempts(call.no).saturating_sub(1);
        for about in open.chain(closed) {
            match about {
                DenialSubject::License(tenant) if tenant == call.tenant => return None,
                DenialSubject::Seat(tenant, pools) => {
                    seats += usize::from(tenant == call.tenant && pools.contains(&command.pool));
                }
                _ => {}
            }
        }
        Some(seats)
    }

    /// `at`: time of the end; `None`: the client went away, and the call continues without it.
    pub fn close(&mut self, call: &Call, at: Option<u64>) {
        let oldest = self.calls.iter().map(|call| call.started).min().unwrap_or(self.now);
        self.closed.retain(|(_, at)| at.is_none_or(|at| at >= oldest));
        if let Some(about) = about(call) {
            self.closed.push((about, at));
        }
    }

    /// Repeats the call of a client that does not know its outcome.
    pub fn try_again(&mut self, call: &Call) {
        self.again_later(call.tenant.clone(), call.request.clone(), call.stray, call.attempts + 1);
    }

    fn again_later(&mut self, tenant: TenantId, request: CallRequest, stray: bool, attempts: usize) {
        beaten(&request).for_each(|session| self.kept_sessions.failed(session, self.now + 200));
        // An older license would only be refused; the sender of a probe repeats it itself.
        let pointless = matches!(
            &request,
            CallRequest::Command(Command::DeleteLicense(_) | Command::RevokeLicense(_) | Command::UpdateTenant(_))
        );
        if attempts < ATTEMPTS && !pointless {
            let at = self.now + 50 + self.rng.below(1_500);
            self.again.push((at, tenant, request, stray, attempts));
        }
    }
}

/// The sessions of a heartbeat.
fn beaten(request: &CallRequest) -> impl Iterator<Item = SessionId> + '_ {
    let heartbeats = match request {
        CallRequest::Command(Command::Heartbeat(command)) => &command.heartbeats[..],
        _ => &[],
    };
    heartbeats.iter().map(|(session, _)| *session)
}

/// The part of a call that can affect decisions about seats.
#[derive(Clone)]
pub enum DenialSubject {
    /// In one of these pools.
    Seat(TenantId, Vec<PoolId>),
    License(TenantId),
}

fn about(call: &Call) -> Option<DenialSubject> {
    match &call.request {
        CallRequest::Command(Command::CheckOut(command)) if !command.check_only => {
            Some(DenialSubject::Seat(call.tenant.clone(), command.pools().cloned().collect()))
        }
        CallRequest::Command(Command::InstallLicense(_) | Command::DeleteLicense(_) | Command::RevokeLicense(_)) => {
            Some(DenialSubject::License(call.tenant.clone()))
        }
        _ => None,
    }
}
