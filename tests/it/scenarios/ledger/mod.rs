//! The interpreter over the real ledger. After every line the ledger checks its counters, and a second ledger loaded
//! from the rows alone must show the same; at the end it must also decide the same.

mod always;
mod notifications;
mod stored;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use usher::ids::{EventNo, TenantId, TenantNo};
use usher::ledger::change::{Actor, Changes};
use usher::ledger::command::{Command, CreateTenant, GetUsage, Outcome, Query, QueryResult, Request};
use usher::ledger::notification::Channels;
use usher::ledger::time::{Moment, Tick, WallTime};
use usher::ledger::wall_line::{ClockOffsets, WallLine};
use usher::ledger::{Config, Ledger};

use super::answers::{self, Names};
use super::language::Line;
use super::language::steps::{LedgerVerb, START, Verb};
use super::pages;
use super::runner::{self, Happened, Interpreter, Scene};
use crate::support::ledger::config;
use stored::{Stored, TestData};

/// The actor, unless a line `actor` names another one.
const USUAL: &str = "desk";

/// Runs a scenario.
///
/// # Errors
/// The first line that does not hold, its expectation, and what happened.
pub fn judge(lines: &[Line]) -> Result<(), String> {
    let mut world = World::new(2, Channels::default());
    runner::run(&mut world, lines)?;
    world.finish().map_err(|why| format!("  at the end:\n{why}"))
}

/// A ledger, the rows that it wrote, and a clock.
pub struct World {
    config: Config,
    ledger: Ledger,
    stored: Stored,
    now: Moment,
    line: &'static WallLine,
    actor: Actor,
    tenants: BTreeSet<TenantId>,
    numbers: BTreeMap<TenantId, TenantNo>,
    test_data: TestData,
    /// The last event of each tenant that an `audit` line has read.
    audited: BTreeMap<TenantNo, EventNo>,
    /// True if a heartbeat's activity is in memory only, which a restart may forget.
    unsaved: bool,
}

impl Interpreter for World {
    type Own = LedgerVerb;

    fn own(verb: &Verb) -> Option<&LedgerVerb> {
        if let Verb::Ledger(own) = verb { Some(own) } else { None }
    }

    fn now(&self) -> Moment {
        self.now
    }

    fn pass(&mut self, time: Duration) {
        self.now = self.line.moment(self.now.tick + time, self.now.wall.plus(time));
    }

    fn sweep(&mut self) -> Result<(), String> {
        self.tick(false)
    }

    /// Submits a command, checks the properties that hold for every command, and commits the changes.
    fn submit(&mut self, tenant: &TenantId, command: Command) -> Result<Outcome, String> {
        self.test_data.meet(&command);
        self.unsaved |=
            matches!(&command, Command::Heartbeat(command) if command.heartbeats.iter().any(|(_, active)| *active));
        let (outcome, changes) = self.apply(tenant, command.clone())?;
        let answers = answers::answers(&outcome, &Names::new(), self.now);
        always::no_changes_nothing(&answers, &changes)?;
        if let (Command::CheckOut(command), Outcome::CheckOut(answer)) = (&command, &outcome) {
            always::a_check_out_takes_the_fresh_session_or_none(command, answer, &changes)?;
        }
        self.commit(changes);
        if always::may_be_repeated(&command) && answers.iter().all(|answer| answer.success) {
            let (again, changes) = self.apply(tenant, command)?;
            if !changes.is_empty() {
                return Err(format!("  asked again, it changed something: {again:?}: {changes:?}"));
            }
        }
        Ok(outcome)
    }

    fn query(&mut self, tenant: &TenantId, query: Query) -> Result<QueryResult, String> {
        Ok(self.ledger.query(Some(tenant), query, self.now))
    }

    fn run_own(&mut self, scene: &mut Scene, step: &LedgerVerb) -> Result<Happened, String> {
        match step {
            LedgerVerb::Server { demo_seats, channels } => {
                *self = World::new(*demo_seats, *channels);
                *scene = Scene::default();
            }
            LedgerVerb::Actor(name) => self.actor = Actor(name.as_str().into()),
            LedgerVerb::Clock(by) => self.now = self.line.moment(self.now.tick, WallTime(self.now.wall.0 + by)),
            LedgerVerb::Crash => self.load(),
            LedgerVerb::Restart => {
                self.tick(true)?;
                self.load();
            }
            LedgerVerb::Command(command) => {
                let tenant = scene.tenant.clone();
                return runner::submit(self, scene, &tenant, (**command).clone());
            }
            LedgerVerb::List { query, all } => return pages::read(self, scene, query.clone(), *all),
            LedgerVerb::Notification(topic) => return Ok(self.notification(&scene.tenant, topic).into()),
            LedgerVerb::Due(query) => return Ok(self.due(&scene.tenant, query)?.into()),
            LedgerVerb::Send { topic, channel, result } => {
                return Ok(self.send(&scene.tenant, topic, *channel, result.as_ref())?.into());
            }
            LedgerVerb::Audit => return Ok(Happened::Rows(self.audit(scene))),
        }
        Ok(Happened::DONE)
    }

    fn verify(&mut self) -> Result<(), String> {
        self.ledger.check(self.now).map_err(|why| format!("  a count is wrong: {why}"))?;
        if self.unsaved {
            return Ok(());
        }
        let mut restarted = self.stored.load(self.config, &self.ledger, self.now);
        restarted.check(self.now).map_err(|why| format!("  after a restart a count is wrong: {why}"))?;
        stored::same_views(&mut self.ledger, &mut restarted, &self.tenants, self.now)
    }
}

impl World {
    fn new(demo_seats: u64, channels: Channels) -> Self {
        let config = Config { channels, ..config(demo_seats) };
        let line = WallLine::kept(ClockOffsets::default(), Tick::default());
        let now = line.moment(Tick(1_000_000_000_000), START);
        let nothing = TenantNo(0);
        let mut world = Self {
            config,
            ledger: Ledger::restore(config, nothing, EventNo(0), Default::default(), now, stored::GRACE).finish(),
            stored: Stored::default(),
            now,
            line,
            actor: Actor(USUAL.into()),
            tenants: BTreeSet::new(),
            numbers: BTreeMap::new(),
            test_data: TestData::default(),
            audited: BTreeMap::new(),
            unsaved: false,
        };
        world.test_data.meet_strangers();
        let acme = CreateTenant { display_name: "acme".into(), contact: "".into(), policy: Default::default() };
        world.submit(&Scene::default().tenant, acme.into()).expect("the first tenant");
        world.audited.insert(TenantNo(1), EventNo(1));
        world
    }

    pub fn apply(&mut self, tenant: &TenantId, command: Command) -> Result<(Outcome, Changes), String> {
        let shrinks = always::changes_licenses(&command);
        let before = self.pools(tenant);
        let mut changes = Changes::default();
        let request = Request { tenant: tenant.clone(), actor: self.actor.clone(), command };
        let outcome = self.ledger.apply(request, self.now, &mut changes);
        if let Some(no) = self.ledger.tenant_no(tenant) {
            self.numbers.insert(tenant.clone(), no);
            self.tenants.insert(tenant.clone());
        }
        always::audited(&changes, &self.stored, &self.actor, self.now)?;
        if !shrinks {
            always::within_limits(&before, &self.pools(tenant), &outcome)?;
        }
        Ok((outcome, changes))
    }

    pub fn commit(&mut self, changes: Changes) {
        self.stored.commit(changes, &self.ledger);
    }

    fn tick(&mut self, all: bool) -> Result<(), String> {
        let mut changes = Changes::default();
        self.ledger.tick(self.now, all, &mut changes);
        always::audited(&changes, &self.stored, &Actor::service(), self.now)?;
        self.commit(changes);
        Ok(())
    }

    fn load(&mut self) {
        self.ledger = self.stored.load(self.config, &self.ledger, self.now);
        self.unsaved = false;
    }

    fn finish(&mut self) -> Result<(), String> {
        self.tick(true)?;
        let mut restarted = self.stored.load(self.config, &self.ledger, self.now);
        stored::same_views(&mut self.ledger, &mut restarted, &self.tenants, self.now)?;
        stored::same_decisions(&mut self.ledger, &mut restarted, &self.tenants, &self.test_data, self.now)
    }

    /// The usage of every pool; empty for a tenant that does not exist.
    fn pools(&mut self, tenant: &TenantId) -> always::Pools {
        match self.ledger.query(Some(tenant), GetUsage.into(), self.now) {
            QueryResult::GetUsage(Ok(usage)) => usage.pools,
            _ => Vec::new(),
        }
    }

    /// The tenant's events since the last time, in their order.
    fn audit(&mut self, scene: &Scene) -> Vec<String> {
        // Events of calls for a tenant that does not exist have the tenant number 0.
        let no = self.numbers.get(&scene.tenant).copied().unwrap_or_default();
        let from = self.audited.get(&no).copied().unwrap_or_default();
        let events = self.stored.events.values().filter(|event| event.tenant == no && event.no > from);
        let events = events.map(|event| answers::event(event, &scene.names, USUAL)).collect();
        self.audited.insert(no, self.ledger.last_event());
        events
    }
}
