//! Runs a scenario against the real ledger. After every line the ledger checks its counters, and a second ledger loaded
//! from the rows alone must show the same; at the end it must also decide the same.

mod always;
mod lists;
mod notifications;
mod stored;

use std::collections::{BTreeMap, BTreeSet};

use usher::ids::{EventNo, SessionId, TenantId, TenantNo};
use usher::ledger::change::{Actor, Changes};
use usher::ledger::command::{
    CheckIn, CheckOut, CloseSession, Command, CreateTenant, GetEntitlements, GetLicenseInformation, GetUsage, GetUser,
    Heartbeat, InstallLicense, ListLicenses, Outcome, Query, QueryResult, Request,
};
use usher::ledger::notification::Channels;
use usher::ledger::outcome::CheckedOut;
use usher::ledger::time::{Moment, Tick, WallTime};
use usher::ledger::wall_line::{ClockOffsets, WallLine};
use usher::ledger::{Config, Ledger, Seed};

use crate::scenarios::answers::{self, Answer, Names, licenses};
use crate::scenarios::language::verbs::{Login, START, Verb, session_id};
use crate::scenarios::language::{self, Line};
use stored::{Stored, TestData, could};

/// The actor, unless a line `actor` names another one.
const USUAL: &str = "desk";

/// Page limit above the number of rows of any scenario, licenses included.
const MAX_ROWS: usize = 1_000;

/// Runs a scenario. Its title begins with the rules that it tests.
///
/// # Panics
/// With the line that does not hold, its expectation, and what happened.
pub fn check(title: &str, scenario: &str) {
    if let Err(why) = judge(scenario) {
        panic!("\n{title}\n{why}\n");
    }
}

/// Runs a scenario.
///
/// # Errors
/// The first line that does not hold, its expectation, and what happened.
pub fn judge(scenario: &str) -> Result<(), String> {
    let mut world = World::new(2, Channels::default());
    for line in &language::read(scenario)? {
        world.run(line).map_err(|why| format!("  line {}: {}\n{why}", line.number, line.text))?;
    }
    world.finish().map_err(|why| format!("  at the end:\n{why}"))
}

pub struct World {
    config: Config,
    ledger: Ledger,
    pub stored: Stored,
    pub now: Moment,
    line: &'static WallLine,
    actor: Actor,
    pub tenant: TenantId,
    tenants: BTreeSet<TenantId>,
    numbers: BTreeMap<TenantId, TenantNo>,
    sessions: BTreeMap<String, SessionId>,
    pub names: Names,
    test_data: TestData,
    revisions: u64,
    started: u128,
    /// The query that `more` continues.
    pub list: Option<Query>,
    /// The last event of each tenant that an `audit` line has read.
    told: BTreeMap<TenantNo, EventNo>,
    /// True if a heartbeat's activity is in memory only, which a restart may forget.
    unsaved: bool,
}

impl World {
    fn new(demo_seats: u64, channels: Channels) -> Self {
        let config = Config { demo_seats, channels, seed: Seed(7), rates: Default::default() };
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
            tenant: TenantId::stored("acme"),
            tenants: BTreeSet::new(),
            numbers: BTreeMap::new(),
            sessions: BTreeMap::new(),
            names: Names::new(),
            test_data: TestData::default(),
            revisions: 0,
            started: 0,
            list: None,
            told: BTreeMap::new(),
            unsaved: false,
        };
        world.test_data.meet_strangers();
        let acme = CreateTenant { display_name: "acme".into(), contact: "".into(), policy: Default::default() };
        world.submit(&world.tenant.clone(), acme.into()).expect("the first tenant");
        world.told.insert(TenantNo(1), EventNo(1));
        world
    }

    fn run(&mut self, line: &Line) -> Result<(), String> {
        if let Verb::Audit(expected) = &line.verb {
            return self.audit(expected);
        }
        let answers = self.run_verb(&line.verb)?;
        compare(line.expected.as_deref(), &answers)?;
        self.ledger.check(self.now).map_err(|why| format!("  a count is wrong: {why}"))?;
        if self.unsaved {
            return Ok(());
        }
        let mut restarted = self.stored.load(self.config, &self.ledger, self.now);
        restarted.check(self.now).map_err(|why| format!("  after a restart a count is wrong: {why}"))?;
        stored::same_views(&mut self.ledger, &mut restarted, &self.tenants, self.now)
    }

    fn run_verb(&mut self, verb: &Verb) -> Result<Vec<Answer>, String> {
        let nothing = Ok(Vec::new());
        match verb {
            Verb::Server { demo_seats, channels } => *self = World::new(*demo_seats, *channels),
            Verb::In(tenant) => self.tenant = tenant.clone(),
            Verb::Actor(name) => self.actor = Actor(name.as_str().into()),
            Verb::After(time) => {
                self.now = self.line.moment(self.now.tick + *time, self.now.wall.plus(*time));
            }
            Verb::Clock(by) => self.now = self.line.moment(self.now.tick, WallTime(self.now.wall.0 + by)),
            Verb::Sweep => self.tick(false)?,
            Verb::Crash => self.load(),
            Verb::Restart => {
                self.tick(true)?;
                self.load();
            }
            Verb::Command(command) => return self.submit(&self.tenant.clone(), (**command).clone()),
            Verb::Tenant(tenant, command) => return self.submit(tenant, (**command).clone()),
            Verb::License(license, grant) => {
                self.revisions += 1;
                let mut grant = grant.clone();
                grant.revision = self.revisions;
                let install = InstallLicense { license: license.clone(), grant };
                return self.submit(&self.tenant.clone(), install.into());
            }
            Verb::SignIn { login, name } => return self.sign_in(login, name),
            Verb::CouldSignIn(login) => return Ok(vec![self.could_sign_in(login)?.1]),
            Verb::Heartbeat(heartbeats) => {
                self.unsaved |= heartbeats.iter().any(|(_, active)| *active);
                let heartbeats = heartbeats.iter().map(|(name, active)| Ok((self.session(name)?, *active)));
                let heartbeats = heartbeats.collect::<Result<Vec<_>, String>>()?;
                return self.submit(&self.tenant.clone(), Heartbeat { heartbeats }.into());
            }
            Verb::CheckIn(name) => {
                let session = self.session(name)?;
                return self.submit(&self.tenant.clone(), CheckIn { session }.into());
            }
            Verb::Close { session, forced, by, from } => {
                let own_session = from.as_ref().map(|name| self.session(name)).transpose()?;
                let session = self.session(session)?;
                let close = CloseSession { session, force: *forced, own_session, own_user: by.clone() };
                return self.submit(&self.tenant.clone(), close.into());
            }
            Verb::Usage(pool) => return Ok(vec![self.usage(pool.as_ref())]),
            Verb::ShowLicense(license) => {
                let list = ListLicenses { limit: MAX_ROWS, after: None };
                return Ok(vec![licenses::newest(&self.query(list.into()), license, self.now)]);
            }
            Verb::Information => {
                return Ok(vec![licenses::told(&self.query(GetLicenseInformation.into()), self.now)]);
            }
            Verb::Entitlements => return Ok(vec![licenses::told(&self.query(GetEntitlements.into()), self.now)]),
            Verb::Show(user, organization) => {
                let query = GetUser { user: user.clone(), organization: organization.clone() };
                let found = self.query(query.into());
                let QueryResult::GetUser(found) = found else { unreachable!("the answer to GetUser") };
                return Ok(vec![
                    found.map_or_else(|why| answers::refused(&why), |user| answers::user(&user, self.now)),
                ]);
            }
            Verb::List { query, all } => return self.pages(query.clone(), *all),
            Verb::Notification(topic) => return Ok(vec![self.notification(topic)]),
            Verb::Due(query) => return Ok(vec![self.due(query)]),
            Verb::Send { topic, channel, result } => return self.send(topic, *channel, result.as_ref()),
            Verb::More => {
                let query = self.list.take().ok_or("there is no more")?;
                return self.pages(query, false);
            }
            Verb::Audit(_) => unreachable!("compared by `run`"),
        }
        nothing
    }

    fn session(&self, name: &str) -> Result<SessionId, String> {
        self.sessions.get(name).copied().ok_or_else(|| format!("  no session is called {name}"))
    }

    /// Submits a command, checks the properties that hold for every command, and commits the changes.
    fn submit(&mut self, tenant: &TenantId, command: Command) -> Result<Vec<Answer>, String> {
        self.test_data.meet(&command);
        let (outcome, changes) = self.apply(tenant, command.clone())?;
        let answers = answers::answers(&outcome, &self.names, self.now);
        always::no_changes_nothing(&answers, &changes)?;
        self.commit(changes);
        if always::may_be_repeated(&command) && answers.iter().all(|answer| answer.success) {
            let (again, changes) = self.apply(tenant, command)?;
            if !changes.is_empty() {
                return Err(format!("  asked again, it changed something: {again:?}: {changes:?}"));
            }
        }
        Ok(answers)
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

    /// Submits the check-out with `check_only` first, so that every login of every scenario also tests R20.
    fn sign_in(&mut self, login: &Login, name: &str) -> Result<Vec<Answer>, String> {
        let (foreseen, _) = self.could_sign_in(login)?;
        self.started += 1;
        let fresh = session_id(self.started);
        let check_out = CheckOut { check_only: false, fresh, client: name.into(), ..self.question(login) };
        self.test_data.devices.insert(login.device.clone());
        let (outcome, changes) = self.apply(&self.tenant.clone(), check_out.into())?;
        let Outcome::CheckOut(answer) = &outcome else { unreachable!("the answer to CheckOut") };
        if let Ok(answer) = answer {
            always::as_foreseen(&foreseen, answer)?;
        }
        if let Ok(CheckedOut { decision: Ok(lease), .. }) = answer {
            let id = lease.session.ok_or("  a lease without a session")?;
            if lease.renewed != self.names.contains_key(&id) || lease.renewed == (id == fresh) {
                return Err(format!("  R16: {id} is not the session it should be"));
            }
            self.sessions.insert(name.to_owned(), id);
            self.names.entry(id).or_insert_with(|| name.to_owned());
        }
        let answers = answers::answers(&outcome, &self.names, self.now);
        always::no_changes_nothing(&answers, &changes)?;
        self.commit(changes);
        Ok(answers)
    }

    fn question(&self, login: &Login) -> CheckOut {
        could(&login.user, &login.pool, &login.device, login.organization.clone())
    }

    fn could_sign_in(&mut self, login: &Login) -> Result<(CheckedOut, Answer), String> {
        let (outcome, changes) = self.apply(&self.tenant.clone(), self.question(login).into())?;
        if !changes.is_empty() {
            return Err(format!("  R20: a question changed something: {changes:?}"));
        }
        let answer = answers::answers(&outcome, &self.names, self.now).remove(0);
        match outcome {
            Outcome::CheckOut(Ok(told)) if told.decision.as_ref().is_ok_and(|lease| lease.session.is_some()) => {
                Err("  R20: a question was answered with a session".into())
            }
            Outcome::CheckOut(Ok(told)) => Ok((told, answer)),
            other => unreachable!("the answer to CheckOut, not {other:?}"),
        }
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

    pub fn query(&mut self, query: Query) -> QueryResult {
        self.ledger.query(Some(&self.tenant.clone()), query, self.now)
    }

    /// The usage of every pool; empty for a tenant that does not exist.
    fn pools(&mut self, tenant: &TenantId) -> always::Pools {
        match self.ledger.query(Some(tenant), GetUsage.into(), self.now) {
            QueryResult::GetUsage(Ok(usage)) => usage.pools,
            _ => Vec::new(),
        }
    }

    fn usage(&mut self, pool: Option<&usher::ids::PoolId>) -> Answer {
        match (self.query(GetUsage.into()), pool) {
            (QueryResult::GetUsage(Ok(usage)), None) => answers::tenant_usage(&usage),
            (QueryResult::GetUsage(Ok(usage)), Some(pool)) => {
                let found = usage.pools.iter().find(|usage| usage.pool == *pool);
                found.map_or_else(|| Answer::no("no such pool".into()), answers::pool_usage)
            }
            (QueryResult::GetUsage(Err(why)), _) => answers::refused(&why),
            (other, _) => unreachable!("the answer to GetUsage, not {other:?}"),
        }
    }

    /// Checks the tenant's events since the last time, exactly and in their order.
    fn audit(&mut self, expected: &[String]) -> Result<(), String> {
        // Events of calls for a tenant that does not exist have the tenant number 0.
        let no = self.numbers.get(&self.tenant).copied().unwrap_or_default();
        let from = self.told.get(&no).copied().unwrap_or_default();
        let events = self.stored.events.values().filter(|event| event.tenant == no && event.no > from);
        let told: Vec<String> = events.map(|event| answers::event(event, &self.names, USUAL)).collect();
        self.told.insert(no, self.ledger.last_event());
        if told == expected {
            return Ok(());
        }
        let list = |events: &[String]| events.iter().map(|event| format!("    - {event}\n")).collect::<String>();
        Err(format!("  expected:\n{}  happened:\n{}", list(expected), list(&told)))
    }
}

fn compare(expected: Option<&str>, answers: &[Answer]) -> Result<(), String> {
    let happened = || answers.iter().map(Answer::text).collect::<Vec<_>>().join("; ");
    let Some(expected) = expected else {
        let fine = answers.iter().all(|answer| answer.success);
        return if fine { Ok(()) } else { Err(format!("  expected: that it succeeds\n  happened: {}", happened())) };
    };
    let parts: Vec<&str> = expected.split(';').map(str::trim).collect();
    if parts.len() == answers.len() && parts.iter().zip(answers).all(|(part, answer)| answer.fits(part)) {
        return Ok(());
    }
    Err(format!("  expected: {expected}\n  happened: {}", happened()))
}
