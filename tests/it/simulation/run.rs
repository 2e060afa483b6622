//! One run: it creates the tenants, runs one step after the other, and ends all faults from time to time.

use std::panic::{AssertUnwindSafe, catch_unwind};

use usher::ids::{ShardId, TenantId};
use usher::ledger::change::Profile;
use usher::ledger::command::{Command, CreateTenant, CreateUser, GetUsage, GrantSeats, UpdateTenant};

use super::call::CallRequest;
use super::calling::To;
use super::checks::{must, tokens};
use super::process::{Process, Still};
use super::step::{Step, StepKind};
use super::test_data::{self, ADMINISTRATOR, POOLS, SHARDS, STRANGER, USERS};
use super::world::World;

/// Limit within which every shard is served after faults end (I7), in milliseconds.
const SERVED: u64 = 10_000;
/// An ordered stop that is in progress then may go on for so long, while its calls wait for shards that have no owner; the
/// next process of its host observes the dead anew.
const STOP: u64 = 6_000;

/// A run that failed at its last step, and the violation.
pub struct Failure {
    pub steps: Vec<Step>,
    pub what: String,
    pub trace: String,
}

/// The result of a run without a failure.
pub struct Done {
    pub trace: String,
    /// How often time advanced or something happened.
    pub moves: u64,
}

pub fn run(seed: u64, steps: &[Step], traced: bool) -> Result<Done, Failure> {
    let mut world = World::new(seed, traced);
    let mut made = 0;
    let mut all = || {
        world.prepare()?;
        for step in steps {
            made += 1;
            world.step(step)?;
        }
        Ok(())
    };
    let done = catch_unwind(AssertUnwindSafe(&mut all)).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str).or(panic.downcast_ref::<&str>().copied());
        Err(format!("a panic: {}", text.unwrap_or("(no text)")))
    });
    let (trace, moves) = (std::mem::take(&mut world.trace).into_text(), world.moves);
    match done {
        Ok(()) => Ok(Done { trace, moves }),
        Err(what) => Err(Failure { steps: steps[..made].to_vec(), what, trace }),
    }
}

impl World {
    fn step(&mut self, step: &Step) -> Result<(), String> {
        self.drive(self.now + step.after)?;
        self.moves += 1;
        let mut awake = self.processes.iter().filter(|process| !process.is_still());
        awake.try_for_each(|process| self.checks.tokens.none_lives_on(process, self.now))?;
        if let StepKind::Call(operation) = step.kind {
            let (tenant, request) = self.clients.make(&operation, self.wall());
            let stray = matches!(
                operation.what,
                super::step::OperationKind::StrayHeartbeat | super::step::OperationKind::StrayCheckIn
            );
            return self.call(tenant, request, stray, 0, To::Some(operation.to));
        }
        self.trace.line(format_args!("-- {:?}", step.kind));
        self.fault(step.kind, step.pick)
    }

    fn fault(&mut self, kind: StepKind, pick: usize) -> Result<(), String> {
        match kind {
            StepKind::Call(_) => {}
            StepKind::NextCommit(fate) => self.server.next_commits.push_back(fate),
            StepKind::NextClaim(fate) => self.server.next_claims.push_back(fate),
            StepKind::NextLoad(fate) => self.server.next_loads.push_back(fate),
            StepKind::NextBeat(fate) => {
                self.server.next_beats.push_back(fate);
                self.server.next_declarations.push_back(fate);
            }
            StepKind::NextForward(fate) => self.network.next_forwards.push_back(fate),
            StepKind::StoreDown { ms, silent } => self.server.go_down(self.now, ms, silent),
            StepKind::Join => self.hosts.join(self.now),
            StepKind::Crash { ms } => {
                if let Some((no, host)) = self.victim(pick).map(|process| (process.no, process.host)) {
                    self.hosts.restart(host, Some(self.now + ms), self.now);
                    self.end_process(no);
                }
            }
            StepKind::Stop { ms } => {
                if let Some(host) = self.victim(pick).map(|process| process.host) {
                    self.hosts.restart(host, ms.map(|ms| self.now + ms), self.now);
                    self.victim(pick).into_iter().for_each(Process::stop);
                }
            }
            StepKind::RollingRestart => self.hosts.restart_all(),
            StepKind::Freeze { ms } => {
                self.until_a_beat(pick, ms)?;
                self.stand_still(pick, Still::Frozen(self.now + ms));
            }
            StepKind::Suspend { ms } => {
                self.until_a_beat(pick, ms)?;
                self.victim(pick).into_iter().for_each(|process| process.leave_machine());
                self.stand_still(pick, Still::Suspended(self.now + ms));
            }
            StepKind::CutOff { ms, silent } => {
                let no = self.victim(pick).map(|process| process.no);
                no.into_iter().for_each(|no| self.server.cut_off(no, self.now, ms, silent));
            }
            StepKind::NoBeats { ms } => {
                let no = self.victim(pick).map(|process| process.no);
                no.into_iter().for_each(|no| self.server.no_beats(no, self.now, ms));
            }
            StepKind::OneBeat { ms } => {
                let no = self.victim(pick).map(|process| process.no);
                no.into_iter().for_each(|no| self.server.one_beat(no, self.now, ms));
            }
            StepKind::Partition { ms, one_way } => {
                let (from, to) = (self.victim(pick).map(|of| of.no), self.victim(pick / 7 + 1).map(|of| of.no));
                if let (Some(from), Some(to)) = (from, to) {
                    self.network.cut(from, to, self.now, ms, one_way);
                }
            }
            StepKind::NoMessages { ms } => self.network.no_messages(self.now, ms),
            StepKind::SetWall { by_ms } => {
                if let Some(process) = self.victim(pick) {
                    process.set_wall(by_ms);
                }
            }
            StepKind::NoTicks { ms } => self.no_ticks_until = self.now + ms,
            StepKind::GoAway => {
                if let Some(call) = self.calls.pop() {
                    call.abort();
                    self.try_again(&call);
                    self.over(call, None);
                }
            }
            StepKind::Calm => return self.calm(),
        }
        self.settle()
    }

    /// Half of the standstills begin while a heartbeat to the store is on its way, so that its answer is there when the
    /// process wakes.
    fn until_a_beat(&mut self, pick: usize, ms: u64) -> Result<(), String> {
        let no = self.victim(pick).map(|process| process.no).filter(|_| ms.is_multiple_of(2));
        let Some(no) = no else { return Ok(()) };
        for _ in 0..BEATS {
            if self.server.carries_beat_of(no) {
                break;
            }
            self.drive(self.now + 1)?;
        }
        Ok(())
    }

    fn stand_still(&mut self, pick: usize, still: Still) {
        if let Some(process) = self.victim(pick) {
            process.still = Some(still);
        }
    }

    /// Creates the tenants with their policies and licenses, before any fault.
    fn prepare(&mut self) -> Result<(), String> {
        while self.processes.len() < self.hosts.len() || !self.processes.iter().all(Process::is_up) {
            self.drive(self.now + LATENCY)?;
        }
        for tenant in World::tenants() {
            let policy = test_data::policy(&mut self.rng);
            let ttl = u64::try_from(policy.lease_ttl.as_millis()).expect("a short lease");
            self.clients.ttl.insert(tenant.clone(), ttl);
            self.trace.line(format_args!("{tenant}: {policy:?}"));
            self.submit(&tenant, CreateTenant { display_name: "".into(), contact: "".into(), policy })?;
            if test_data::is_licensed(&tenant) {
                let license = |revision| test_data::main_grant(revision, 0b1011);
                let license = self.clients.license(&tenant, test_data::main_license(), license);
                self.submit(&tenant, license)?;
            }
            let root = CreateUser {
                user: test_data::user(ADMINISTRATOR),
                administrator: true,
                profile: Profile::default(),
                pools: vec![test_data::pool("crm"), test_data::pool("lobby")],
            };
            self.submit(&tenant, root)?;
            let named = USERS.iter().filter(|user| **user != STRANGER).map(|user| test_data::user(user)).collect();
            let pools = POOLS.map(test_data::pool).to_vec();
            self.submit(&tenant, GrantSeats { pools, users: named, organizations: Vec::new() })?;
        }
        Ok(())
    }

    fn submit(&mut self, tenant: &TenantId, command: impl Into<Command>) -> Result<(), String> {
        self.call(tenant.clone(), CallRequest::Command(command.into()), false, 0, To::Some(0))?;
        self.quiet()
    }

    /// Waits until nothing is under way any more.
    fn quiet(&mut self) -> Result<(), String> {
        let until = self.now + 2 * SERVED;
        while !self.is_quiet() {
            must(self.now < until, || format!("I7 {} calls are not answered", self.calls.len()))?;
            self.drive(self.now + LATENCY)?;
        }
        Ok(())
    }

    /// Ends every fault. Then every shard must serve again, all clients must get answers, and everything must add up.
    fn calm(&mut self) -> Result<(), String> {
        self.server.calm(self.now);
        self.network.calm(self.now);
        self.hosts.calm(self.now);
        self.no_ticks_until = 0;
        let wall = self.wall();
        for process in &mut self.processes {
            process.still = None;
            process.right_wall(wall);
        }
        let stops = if self.processes.iter().any(Process::is_stopping) { STOP } else { 0 };
        let limit = SERVED + stops;
        let until = self.now + limit;
        self.served.clear();
        while World::tenants().any(|tenant| !self.served.contains(&tenant)) {
            must(self.now < until, || format!("I7 not served after {limit} ms: only {:?} are", self.served))?;
            for tenant in World::tenants().filter(|tenant| !self.served.contains(tenant)).collect::<Vec<_>>() {
                let probe = UpdateTenant { contact: Some(self.now.to_string().into()), ..UpdateTenant::default() };
                let to = To::Some(self.rng.below(1 << 16) as usize);
                self.call(tenant, CallRequest::Command(probe.into()), false, 0, to)?;
            }
            self.drive(self.now + 4 * LATENCY)?;
        }
        while let Some(what) = self.not_owned_once() {
            must(self.now < until, || format!("I7 after {limit} ms: {what}"))?;
            self.drive(self.now + 4 * LATENCY)?;
        }
        self.quiet()?;
        for tenant in World::tenants() {
            self.call(tenant, CallRequest::Query(GetUsage.into()), false, 0, To::Some(0))?;
            self.quiet()?;
        }
        self.drive(self.now + tokens::KNOWN)?;
        let mut up = self.processes.iter().filter(|process| process.is_up() && process.age() >= tokens::KNOWN);
        up.try_for_each(|process| self.checks.tokens.are_known(process, self.now))?;
        (0..SHARDS)
            .map(ShardId)
            .try_for_each(|shard| self.checks.whole(shard, self.server.disk.shard_disk(shard), &self.clients.sent))
    }
}

impl World {
    /// A shard that has not exactly one owner that serves it.
    fn not_owned_once(&self) -> Option<String> {
        let holders = |shard| {
            let holds = |process: &&Process| process.journal().holds(shard);
            self.processes.iter().filter(holds).map(|process| process.no).collect::<Vec<_>>()
        };
        let mut shards = (0..SHARDS).map(ShardId).map(|shard| (shard, holders(shard)));
        let wrong = shards
            .find(|(shard, held)| held.len() != 1 || self.checks.ownership.owner(*shard) != held.first().copied());
        wrong.map(|(shard, held)| format!("shard {shard} is held by {held:?}"))
    }
}

/// Milliseconds within which each process sends a heartbeat to the store.
const BEATS: u64 = 1_500;
/// Milliseconds within which the store answers without a fault.
const LATENCY: u64 = 150;
