//! The world of one run: its time, its processes, its store, its clients. It has one thread; every random choice comes
//! from the seed, and nothing happens except here, in one order.

use std::time::Duration;

use tokio::task::JoinHandle;
use usher::ids::TenantId;
use usher::ledger::command::Heartbeat;
use usher::ledger::time::WallTime;
use usher::peers::PeerMessage;

use super::call::{Call, CallRequest, poll};
use super::calling::{ATTEMPTS, DenialSubject, To};
use super::checks::{Checks, routing};
use super::clients::Clients;
use super::hosts::Hosts;
use super::kept_sessions::KeptSessions;
use super::link::Request;
use super::network::{Delivery, Network};
use super::node_call::{CallLog, Note, Response};
use super::process::{Came, Process, Still};
use super::server::Server;
use super::test_data::{self, TENANTS};
use super::trace::Trace;
use crate::model::rng::Rng;

const NOON: i64 = 1_800_000_000_000;
/// Milliseconds between two runs of the processes' timers while something is under way.
const PULSE: u64 = 50;
/// The same otherwise: each process sends the store a heartbeat once a second.
const BEAT_PULSE: u64 = 250;
const TICKS: [u64; 3] = [1_000, 1_000, 8_000];
/// Milliseconds between two checks whether a process must be started, or has ended.
const LOOK: u64 = 500;

pub struct World {
    pub seed: u64,
    pub now: u64,
    pub rng: Rng,
    pub server: Server,
    pub network: Network,
    pub hosts: Hosts,
    pub processes: Vec<Process>,
    pub calls: Vec<Call>,
    /// Calls that have ended for their clients, and may still be carried out.
    lingering: Vec<Call>,
    /// Calls that processes carry out for others: exchange, process.
    forwarded: Vec<(u64, usize, JoinHandle<Response>)>,
    pub call_log: CallLog,
    pub clients: Clients,
    pub checks: Checks,
    pub trace: Trace,
    pub kept_sessions: KeptSessions,
    /// Calls that will be repeated, with their time.
    pub again: Vec<(u64, TenantId, CallRequest, bool, usize)>,
    /// Calls that ended while others were open: their subject, and their end; `None`: no client waited for the answer.
    pub closed: Vec<(DenialSubject, Option<u64>)>,
    next_tick: u64,
    /// Milliseconds between two ticks of the journals: some sweepers are slow.
    tick: u64,
    pub no_ticks_until: u64,
    next_look: u64,
    pub last_process: usize,
    pub last_call: usize,
    /// Tenants whose probe was answered.
    pub served: Vec<TenantId>,
    /// Number of moves of any kind, to measure the speed.
    pub moves: u64,
}

impl World {
    pub fn new(seed: u64, traced: bool) -> Self {
        let mut rng = Rng::new(seed ^ 0x51b1_e5ee_d000_0000);
        let tick = *rng.pick(&TICKS);
        let call_log = CallLog::default();
        test_data::seed_nodes(rng.next());
        Self {
            seed,
            now: 0,
            server: Server::new(Rng::new(rng.next())),
            network: Network::new(Rng::new(rng.next())),
            hosts: Hosts::new(&mut rng),
            rng,
            processes: Vec::new(),
            calls: Vec::new(),
            lingering: Vec::new(),
            forwarded: Vec::new(),
            clients: Clients::new(call_log.clone()),
            call_log,
            checks: Checks::new(),
            trace: Trace::new(traced),
            kept_sessions: KeptSessions::default(),
            again: Vec::new(),
            closed: Vec::new(),
            next_tick: 0,
            tick,
            no_ticks_until: 0,
            next_look: 0,
            last_process: 0,
            last_call: 0,
            served: Vec::new(),
            moves: 0,
        }
    }

    /// The right wall time.
    pub fn wall(&self) -> WallTime {
        WallTime(NOON + i64::try_from(self.now).expect("a short run"))
    }

    /// One of the processes that run, chosen by a number.
    pub fn victim(&mut self, pick: usize) -> Option<&mut Process> {
        let awake: Vec<usize> = (0..self.processes.len()).filter(|at| !self.processes[*at].is_still()).collect();
        let at = *awake.get(pick % awake.len().max(1))?;
        self.processes.get_mut(at)
    }

    /// Removes a process, with everything that it had in memory.
    pub fn end_process(&mut self, no: usize) {
        self.trace.line(format_args!("process {no} is gone"));
        let at = self.processes.iter().position(|process| process.no == no);
        // The runtime goes first, so that no task can act afterward.
        drop(at.map(|at| self.processes.remove(at)));
        self.server.forget(no);
        self.network.forget(no, self.now);
        self.forwarded.retain(|(_, process, _)| *process != no);
        let (lost, left): (Vec<Call>, Vec<Call>) =
            std::mem::take(&mut self.calls).into_iter().partition(|call| call.process == no);
        self.calls = left;
        for call in lost {
            self.try_again(&call);
            self.over(call, Some(self.now));
        }
    }

    /// Lets time pass until `until`; everything happens when it is due.
    pub fn drive(&mut self, until: u64) -> Result<(), String> {
        self.settle()?;
        while self.now < until {
            let mut to = until.min(self.next_tick).min(self.next_look);
            to = self.server.next_due().map_or(to, |due| to.min(due));
            to = self.network.next_due(|no| runs(&self.processes, no)).map_or(to, |due| to.min(due));
            to = self.again.iter().map(|(at, ..)| *at).fold(to, u64::min);
            to = self.kept_sessions.next_due().map_or(to, |due| to.min(due));
            to = self.processes.iter().filter_map(wakes).fold(to, u64::min);
            to = to.min(self.now + if self.is_busy() { PULSE } else { BEAT_PULSE });
            self.pass(to.max(self.now) - self.now);
            self.happen()?;
        }
        Ok(())
    }

    fn is_busy(&self) -> bool {
        let waits = |process: &Process| !process.is_still() && !process.is_up();
        self.server.is_busy() || self.network.is_busy() || self.processes.iter().any(waits)
    }

    fn pass(&mut self, ms: u64) {
        self.now += ms;
        self.trace.at(self.now);
        for process in &mut self.processes {
            process.pass(Duration::from_millis(ms));
        }
    }

    /// Does everything that is due now, one thing after the other.
    fn happen(&mut self) -> Result<(), String> {
        self.moves += 1;
        for process in &mut self.processes {
            if wakes(process).is_some_and(|at| at <= self.now) {
                process.still = None;
                self.trace.line(format_args!("process {} goes on", process.no));
            }
        }
        self.settle()?;
        while let Some(event) = self.server.next_event(self.now) {
            self.stored(event)?;
            self.settle()?;
        }
        while let Some(delivery) = self.network.next_delivery(self.now, |no| runs(&self.processes, no)) {
            self.deliver(delivery)?;
            self.settle()?;
        }
        while let Some(at) = self.again.iter().position(|(at, ..)| *at <= self.now) {
            let (_, tenant, request, stray, attempts) = self.again.remove(at);
            let request = self.clients.again(&request);
            let to = To::Some(self.rng.below(1 << 16) as usize);
            self.call(tenant, request, stray, attempts, to)?;
        }
        while let Some((tenant, session, process)) = self.kept_sessions.due(self.now) {
            let beat = Heartbeat { heartbeats: vec![(session, false)] };
            let to = process.map_or(To::Some(0), To::Process);
            self.call(tenant, CallRequest::Command(beat.into()), false, ATTEMPTS, to)?;
        }
        if self.next_tick <= self.now {
            self.next_tick = self.now + self.tick;
            if self.now >= self.no_ticks_until {
                self.processes.iter().for_each(|process| process.journal().tick());
                self.settle()?;
            }
        }
        if self.next_look <= self.now {
            self.next_look = self.now + LOOK;
            self.look()?;
        }
        Ok(())
    }

    /// Starts the processes of hosts that have none, and goes on with a rolling restart.
    fn look(&mut self) -> Result<(), String> {
        if let Some(host) = self.hosts.next_of_rolling(&self.processes)
            && let Some(process) = self.processes.iter_mut().find(|process| process.host == host)
        {
            self.trace.line(format_args!("process {} is restarted", process.no));
            process.stop();
        }
        for host in self.hosts.due(&self.processes, self.now) {
            self.start_process(host);
        }
        self.settle()
    }

    fn deliver(&mut self, delivery: Delivery) -> Result<(), String> {
        match delivery {
            Delivery::Message { to, message } => {
                self.trace.line(format_args!("process {to} hears {}", described(&message)));
                self.with(to, |process| process.hear(message));
            }
            Delivery::Call { to, exchange, visit } => {
                if !matches!(visit.request, CallRequest::Tokens(_)) {
                    self.trace.line(format_args!("call {} arrives at process {to}", visit.call));
                }
                routing::arrives(&visit)?;
                if let Some(process) = self.processes.iter().find(|process| process.no == to) {
                    self.forwarded.push((exchange, to, process.forwarded(visit)));
                }
            }
        }
        Ok(())
    }

    pub fn with(&mut self, no: usize, change: impl FnOnce(&mut Process)) {
        if let Some(process) = self.processes.iter_mut().find(|process| process.no == no) {
            change(process);
        }
    }

    /// Runs every process, takes its requests to the store, and handles its answers.
    pub fn settle(&mut self) -> Result<(), String> {
        let all: Vec<usize> = self.processes.iter().map(|process| process.no).collect();
        for process in &mut self.processes {
            process.run();
            for request in process.link.take() {
                if let Request::Commit { shard, batch, .. } = &request {
                    self.checks.ticks.sent(*shard, batch, self.now);
                }
                self.server.take_in(process.no, request, self.now);
            }
            for letter in process.post.take() {
                self.network.take_in(process.no, letter, &all, self.now);
            }
        }
        self.read_notes()?;
        self.came()?;
        let mut at = 0;
        while at < self.forwarded.len() {
            let (exchange, _, task) = &mut self.forwarded[at];
            match poll(task) {
                Some(response) => {
                    self.network.answer(*exchange, response, self.now);
                    self.forwarded.remove(at);
                }
                None => at += 1,
            }
        }
        self.hear()?;
        self.linger();
        Ok(())
    }

    /// Reads what the nodes have noted of the calls that they carry out.
    fn read_notes(&mut self) -> Result<(), String> {
        for note in self.call_log.take() {
            match note {
                Note::Begins { attempt, call, process, request, fresh } => {
                    self.trace.line(format_args!("process {process} carries call {call} out"));
                    if let Some((fresh, asked)) = fresh {
                        let login = self.clients.issued[&asked].clone();
                        self.clients.issued.insert(fresh, login);
                        self.checks.asked_first.insert(fresh, self.now);
                    }
                    self.checks.routing.begins(attempt, call, &request, fresh.map(|(fresh, _)| fresh))?;
                }
                Note::Ends { attempt, process, tenant, refusal } => {
                    let (call, not_applied) = self.checks.routing.ends(attempt, refusal);
                    if let Some(refusal) = refusal {
                        self.trace.line(format_args!("process {process} refuses call {call}: {refusal:?}"));
                        self.refused(process, refusal)?;
                    }
                    if let Some(fresh) = not_applied {
                        self.checks.not_applied(&tenant, fresh)?;
                    }
                }
            }
        }
        Ok(())
    }

    /// The call is over for its client. `at`: as for [`Self::close`].
    pub fn over(&mut self, call: Call, at: Option<u64>) {
        if at.is_none() {
            self.close(&call, None);
            self.checks.held.close(&call, &self.processes, false);
            self.checks.routing.over(call.no);
            return;
        }
        self.lingering.push(call);
    }

    /// Ends the calls that nobody carries out any more.
    fn linger(&mut self) {
        let mut at = 0;
        while at < self.lingering.len() {
            if self.lingering[at].goes_on() {
                at += 1;
                continue;
            }
            let call = self.lingering.remove(at);
            self.close(&call, Some(self.now));
            self.checks.held.close(&call, &self.processes, true);
            self.checks.routing.over(call.no);
        }
    }

    /// Calls that may still be carried out, whether a client waits for them or not.
    pub fn open_calls(&self) -> impl Iterator<Item = &Call> {
        self.calls.iter().chain(&self.lingering)
    }

    /// Handles ended starts, ended stops, and lost shards.
    fn came(&mut self) -> Result<(), String> {
        let mut gone = Vec::new();
        for process in &mut self.processes {
            match process.came() {
                Some(Came::Up) => self.trace.line(format_args!("process {} serves", process.no)),
                Some(Came::Failed(error)) => {
                    self.trace.line(format_args!("process {} does not start: {error}", process.no));
                    gone.push(process.no);
                }
                Some(Came::Down) => gone.push(process.no),
                None => {}
            }
            if let Some((left, lost)) = process.look()
                && lost > 0
            {
                self.trace.line(format_args!("process {} has lost {lost} of {left:?}", process.no));
                self.checks.ownership.lost(process.no, &left, lost)?;
            }
        }
        gone.into_iter().for_each(|no| self.end_process(no));
        Ok(())
    }

    /// Returns whether nothing is under way any more.
    pub fn is_quiet(&self) -> bool {
        let calls = self.calls.is_empty() && self.lingering.is_empty() && self.again.is_empty();
        calls && !self.network.carries_calls()
    }

    pub fn tenants() -> impl Iterator<Item = TenantId> {
        (0..TENANTS.len()).map(super::test_data::tenant)
    }
}

/// Time at which a process that stands still goes on.
fn wakes(process: &Process) -> Option<u64> {
    process.still.map(|(Still::Frozen(until) | Still::Suspended(until))| until)
}

/// Returns whether a process is there, and runs.
fn runs(processes: &[Process], no: usize) -> bool {
    processes.iter().any(|process| process.no == no && !process.is_still())
}

/// What nodes tell each other, without ids.
fn described(message: &PeerMessage) -> String {
    match message {
        PeerMessage::Owns { shard, epoch, .. } => format!("that shard {shard} has an owner, epoch {epoch}"),
        PeerMessage::Released { shard, epoch, .. } => format!("that shard {shard} was released, epoch {epoch}"),
    }
}
