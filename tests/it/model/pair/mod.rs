//! The ledger and the model side by side, and the comparisons between them.

mod ahead;
mod audit;
mod look;
mod memory;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;
use std::time::Duration;

use usher::ids::{SessionId, TenantId, TenantNo};
use usher::ledger::change::{Actor, Changes};
use usher::ledger::command::{Command, Request};
use usher::ledger::outcome::PoolUsage;
use usher::ledger::time::{Moment, Tick};
use usher::ledger::{Config, Ledger, Seed};

use self::ahead::Ahead;
use super::naive::Model;
use super::naive::licenses::ACTOR;
use super::plain;
use super::rows::{Denied, Rows};
use super::step::{Step, StepKind};

const GRACE: Duration = Duration::from_secs(60);

pub struct Pair {
    ledger: Ledger,
    pub model: Model,
    rows: Rows,
    /// The load for the next restart; `None`: that loads from the rows.
    ahead: Option<Ahead>,
    config: Config,
    /// The usage before the step (I1).
    used: Vec<(TenantId, PoolUsage)>,
    denials: BTreeMap<Denied, u64>,
    /// `ended_sessions`: sessions without a row whose end must be remembered; `lost`: those whose end a restart forgot.
    ended_sessions: BTreeSet<SessionId>,
    lost: BTreeSet<SessionId>,
    last_tick: Tick,
    /// Steps between two comparisons of all state. A comparison ends what is overdue, and must not hide that nothing
    /// else did.
    every: usize,
}

/// Compares two answers; the error shows both, from a little before the first difference.
fn same<T: PartialEq + Debug>(what: &str, ledger: &T, model: &T) -> Result<(), String> {
    if ledger == model {
        return Ok(());
    }
    let (ledger, model) = (format!("{ledger:?}"), format!("{model:?}"));
    let alike = ledger.chars().zip(model.chars()).take_while(|(a, b)| a == b).count();
    let part = |text: &str| text.chars().skip(alike.saturating_sub(200)).take(500).collect::<String>();
    Err(format!("{what} differs\n  ledger: {}\n  model:  {}", part(&ledger), part(&model)))
}

fn must(holds: bool, what: impl FnOnce() -> String) -> Result<(), String> {
    if holds { Ok(()) } else { Err(what()) }
}

impl Pair {
    pub fn new(seed: u64, now: Moment) -> Self {
        let demo_seats = seed % 4;
        let config = Config { demo_seats, channels: Default::default(), seed: Seed(seed), rates: Default::default() };
        Self {
            ledger: Ledger::restore(config, TenantNo(0), Default::default(), Default::default(), now, GRACE).finish(),
            model: Model::new(demo_seats, now),
            rows: Rows::default(),
            ahead: None,
            config,
            used: Vec::new(),
            denials: BTreeMap::new(),
            ended_sessions: BTreeSet::new(),
            lost: BTreeSet::new(),
            last_tick: now.tick,
            every: [1, 4, 16][(seed % 3) as usize],
        }
    }

    /// Runs a step on both sides, and compares them.
    ///
    /// # Errors
    /// The difference, in words.
    pub fn step(&mut self, step: &Step) -> Result<(), String> {
        let now = step.now;
        match &step.kind {
            StepKind::Command(tenant, command) => {
                if self.model.may_leave_overdue(tenant, command, now.tick) {
                    self.tick(false, now)?;
                }
                self.command(tenant, command, now)?;
            }
            StepKind::Query(tenant, query) => self.query(tenant, query, now)?,
            StepKind::Tick { all } => self.tick(*all, now)?,
            StepKind::Restart => self.restart(now)?,
        }
        self.never_above_the_limit(&step.kind, now)?;
        self.follow_ahead(step.no, now)?;
        if step.no.is_multiple_of(self.every) {
            self.look_at_everything(now)?;
        }
        Ok(())
    }

    fn command(&mut self, tenant: &TenantId, command: &Command, now: Moment) -> Result<(), String> {
        let mut changes = Changes::default();
        let actor = Actor(ACTOR.into());
        let number = self.ledger.tenant_no(tenant);
        let request = Request { tenant: tenant.clone(), actor: actor.clone(), command: command.clone() };
        self.note_ended_sessions(number, command);
        let outcome = self.ledger.apply(request, now, &mut changes);
        let mut expected = self.model.apply(tenant, command, now);
        let number = number.or(self.ledger.tenant_no(tenant)).unwrap_or(TenantNo(0));
        self.excuse(number, command, &outcome, &mut expected);
        same("answer", &plain::outcome(outcome), &plain::outcome(expected.clone()))?;
        self.audited(number, &actor, command, &changes, now)?;
        self.count_denials(number, command, &expected);
        self.note_ahead(&changes);
        self.rows.take(changes)?;
        // The end is remembered although the session's slot is reused, until a restart (R24).
        self.ended_sessions.append(&mut self.rows.replaced);
        Ok(())
    }
}
