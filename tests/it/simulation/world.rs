//! The world of one run: its time, its processes, its store, its clients. It has one thread; every random choice comes
//! from the seed, and nothing happens except here, in one order.

use std::time::Duration;

use usher::ids::{ShardId, TenantId};
use usher::ledger::command::Heartbeat;
use usher::ledger::continuity::Boot;
use usher::ledger::time::WallTime;

use super::call::{Call, CallRequest};
use super::calling::{ATTEMPTS, DenialSubject, To};
use super::checks::Checks;
use super::clients::Clients;
use super::kept_sessions::KeptSessions;
use super::process::{Came, Process, Still};
use super::server::{Event, Server};
use super::test_data::{SHARDS, TENANTS};
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
const MAX_PROCESSES: usize = 3;

pub struct World {
    pub seed: u64,
    pub now: u64,
    pub rng: Rng,
    pub server: Server,
    pub processes: Vec<Process>,
    pub calls: Vec<Call>,
    pub clients: Clients,
    pub checks: Checks,
    pub trace: Trace,
    pub kept_sessions: KeptSessions,
    /// Calls that will be repeated, with their time.
    pub again: Vec<(u64, TenantId, CallRequest, bool, usize)>,
    /// Calls that ended while others were open: their process, their subject, and their end; `None`: no client waited
    /// for the answer.
    pub closed: Vec<(usize, DenialSubject, Option<u64>)>,
    next_tick: u64,
    /// Milliseconds between two ticks of the journals: some sweepers are slow.
    tick: u64,
    pub no_ticks_until: u64,
    next_look: u64,
    last_process: usize,
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
        Self {
            seed,
            now: 0,
            server: Server::new(Rng::new(rng.next())),
            rng,
            processes: Vec::new(),
            calls: Vec::new(),
            clients: Clients::default(),
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

    pub fn start_process(&mut self) {
        if self.processes.len() >= MAX_PROCESSES {
            return;
        }
        // Most machines have the right time.
        let skew = match self.rng.below(10) {
            0 => 1_000,
            1 => 600_000,
            2 => 86_400_000,
            _ => 0,
        };
        let wall = if self.rng.percent(50) { self.wall().0 + skew } else { self.wall().0 - skew };
        self.last_process += 1;
        self.trace.line(format_args!("process {} starts", self.last_process));
        // Mostly the same machine as before, whose monotonic clock goes on; otherwise a new one, or one that cannot be
        // identified.
        let machine = match self.rng.below(4) {
            0 => None,
            1 => Some(Boot { id: 1_000 + self.last_process as u128, at: 5_000_000 }),
            _ => Some(Boot { id: 1, at: 1_000_000 + self.now }),
        };
        self.processes.push(Process::start(self.last_process, WallTime(wall), machine, self.seed));
    }

    /// The newest process that serves; otherwise the newest that waits for the shards.
    pub fn newest(&mut self) -> Option<&mut Process> {
        let awake = |process: &Process| !process.is_still();
        let serves = |process: &Process| awake(process) && process.journal.is_some();
        let at = self.processes.iter().rposition(serves).or(self.processes.iter().rposition(awake))?;
        self.processes.get_mut(at)
    }

    /// Removes a process, with everything that it had in memory.
    pub fn end_process(&mut self, no: usize) {
        self.trace.line(format_args!("process {no} is gone"));
        let at = self.processes.iter().position(|process| process.no == no);
        // The runtime goes first, so that no task can act afterward.
        drop(at.map(|at| self.processes.remove(at)));
        self.server.forget(no);
        let (lost, left): (Vec<Call>, Vec<Call>) =
            std::mem::take(&mut self.calls).into_iter().partition(|call| call.process == no);
        self.calls = left;
        for call in lost {
            self.checks.held.close(&call, None);
            self.try_again(&call);
        }
    }

    /// Lets time pass until `until`; everything happens when it is due.
    pub fn drive(&mut self, until: u64) -> Result<(), String> {
        self.settle()?;
        while self.now < until {
            let mut to = until.min(self.next_tick).min(self.next_look);
            to = self.server.next_due().map_or(to, |due| to.min(due));
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
        let waits = |process: &Process| !process.is_still() && !process.is_serving();
        self.server.is_busy() || self.processes.iter().any(waits)
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
                self.processes.iter().filter_map(|process| process.journal.as_ref()).for_each(|journal| journal.tick());
                self.settle()?;
            }
        }
        if self.next_look <= self.now {
            self.next_look = self.now + LOOK;
            self.look()?;
        }
        Ok(())
    }

    /// Ends a process that lost a shard, and starts one if none is left.
    fn look(&mut self) -> Result<(), String> {
        let ended = |process: &Process| process.lost_at.is_some_and(|at| at < self.now) && !process.is_still();
        for no in self.processes.iter().filter(|process| ended(process)).map(|process| process.no).collect::<Vec<_>>() {
            self.end_process(no);
        }
        if self.processes.iter().all(|process| process.has_lost() || process.is_stopping()) {
            self.start_process();
            self.settle()?;
        }
        Ok(())
    }

    fn stored(&mut self, event: Event) -> Result<(), String> {
        match event {
            Event::Claimed { process, shard, owner, seq } => {
                let epoch = owner.epoch;
                self.trace.line(format_args!("store: process {process} owns shard {shard}, epoch {epoch}, seq {seq}"));
                self.checks.ownership.claimed(process, shard, owner)?;
            }
            Event::NotClaimed { process, shard } => {
                self.trace.line(format_args!("store: shard {shard} has another owner than process {process}"));
            }
            Event::Loaded { process, shard } => {
                let known = self.server.disk.shard_disk(shard).position.last_event;
                self.with(process, |process| process.loads(shard));
                self.trace.line(format_args!("store: process {process} loads shard {shard} at event {known}"));
            }
            Event::Committed { process, shard, owner, batch } => {
                let (seq, rows, events) = (batch.position.seq, batch.rows.len(), batch.events.len());
                let epoch = owner.epoch;
                self.trace.line(format_args!(
                    "store: process {process} commits shard {shard} epoch {epoch} seq {seq}: {rows} rows, {events} events"
                ));
                let shard_disk = self.server.disk.shard_disk(shard);
                let of = (process, shard, owner);
                self.checks.committed(of, &batch, shard_disk, &self.clients.sent, self.now)?;
            }
            Event::Fenced { process, shard, owner, batch } => {
                let (epoch, seq) = (owner.epoch, batch.position.seq);
                self.trace.line(format_args!("store: fenced: process {process} shard {shard} epoch {epoch} seq {seq}"));
            }
            Event::Refused { process, shard } => {
                self.with(process, |process| process.refused += 1);
                self.trace.line(format_args!("store: refuses a batch of process {process}, shard {shard}"));
            }
            Event::Released { process, shard } => {
                self.trace.line(format_args!("store: process {process} gives shard {shard} up"));
            }
            Event::Joined { process, node } => {
                self.trace.line(format_args!("store: process {process} joins"));
                self.checks.ownership.joined(process, node);
            }
            Event::DeclaredDead { process, node, done } => {
                let dead = self.checks.ownership.declared_dead(node, done);
                self.trace.line(format_args!("store: process {process} declares process {dead:?} dead: {done}"));
            }
            Event::Answered => {}
        }
        Ok(())
    }

    fn with(&mut self, no: usize, change: impl FnOnce(&mut Process)) {
        if let Some(process) = self.processes.iter_mut().find(|process| process.no == no) {
            change(process);
        }
    }

    /// Runs every process, takes its requests to the store, and handles its answers.
    pub fn settle(&mut self) -> Result<(), String> {
        self.hear()?;
        for process in &mut self.processes {
            process.run();
            for request in process.link.take() {
                self.server.take_in(process.no, request, self.now);
            }
        }
        self.came()?;
        self.hear()
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
            if process.lost_at.is_none() && process.has_lost() {
                process.lost_at = Some(self.now + 300);
                self.trace.line(format_args!("process {} has lost a shard", process.no));
                for shard in (0..SHARDS).map(ShardId).filter(|shard| process.lost(*shard)) {
                    self.checks.ownership.lost(process.no, shard)?;
                }
            }
        }
        gone.into_iter().for_each(|no| self.end_process(no));
        Ok(())
    }

    /// Returns whether nothing is under way any more.
    pub fn is_quiet(&self) -> bool {
        self.calls.is_empty() && self.again.is_empty() && !self.server.is_busy()
    }

    pub fn tenants() -> impl Iterator<Item = TenantId> {
        (0..TENANTS.len()).map(super::test_data::tenant)
    }
}

/// Time at which a process that stands still goes on.
fn wakes(process: &Process) -> Option<u64> {
    process.still.map(|(Still::Frozen(until) | Still::Suspended(until))| until)
}
