//! A command under way. Most commands take one step. One whose length its caller chooses takes as many as it needs, between
//! which the writer serves others: each step's effects are whole in themselves and commit with the batch of that step, and
//! the answer is the last one's (decision 34).

use std::fmt::Debug;

use super::Ledger;
use super::activate_users::{Activating, Blocking};
use super::budget::Budget;
use super::change::{Actor, Changes};
use super::close_idle::IdleClosing;
use super::command::{Command, Outcome, Request};
use super::context::Context;
use super::delete_licenses::LicenseDeletions;
use super::delete_organization::OrganizationDeletion;
use super::end_sessions::{Blocked, UserDeletion};
use super::grant_seats::Grants;
use super::heartbeat::HeartbeatSteps;
use super::revoke_seats::Revocations;
use super::sync_users::Syncing;
use super::tenant::Tenant;
use super::tenants::Updating;
use super::time::Moment;
use crate::ids::{TenantId, TenantNo};

/// What a command that takes several steps remembers between two of them: what is done, and where to go on. Nothing that
/// it saw is sure to be there still; its tenant is.
pub(super) trait Steps: Debug + Send {
    /// Goes on until the budget of this step is spent. `None`: there is more to do.
    fn next_step(&mut self, tenant: &mut Tenant, ctx: &mut Context) -> Option<Outcome>;

    /// The same, when the tenant is not there, or not any more: for the rest the answer is that there is none.
    fn next_step_without_tenant(&mut self, tenant: &TenantId, ctx: &mut Context) -> Option<Outcome>;
}

/// A turn for each of so many items, as far as the budget of this step reaches, and one in any case: what is spent before
/// the first one is spent in each step. An answer for each tells who had theirs. Whether all had.
pub(super) fn each<A>(
    count: usize,
    answers: &mut Vec<A>,
    ctx: &mut Context,
    mut turn: impl FnMut(usize, &mut Context) -> A,
) -> bool {
    let first = answers.len();
    while answers.len() < count {
        if ctx.budget.is_spent() && answers.len() > first {
            return false;
        }
        ctx.budget.spend(Budget::LOOK);
        answers.push(turn(answers.len(), ctx));
    }
    true
}

/// A command under way.
#[derive(Debug)]
pub struct Execution {
    tenant: TenantId,
    /// The tenant's number from the first step on: a new tenant of the same id is another one.
    no: Option<TenantNo>,
    actor: Actor,
    /// See [`Command::looks`].
    looks: bool,
    state: ExecutionState,
}

#[derive(Debug)]
enum ExecutionState {
    New(Command),
    Running(Box<dyn Steps>),
    Over,
}

impl Execution {
    #[must_use]
    pub fn new(request: Request) -> Self {
        let Request { tenant, actor, command } = request;
        Self { tenant, no: None, actor, looks: command.looks(), state: ExecutionState::New(command) }
    }

    /// Whom it is for.
    #[must_use]
    pub fn tenant(&self) -> &TenantId {
        &self.tenant
    }
}

impl Ledger {
    /// Applies one command at `now`, in one go, and adds what it did to `out`. `now.tick` must never go back.
    pub fn apply(&mut self, request: Request, now: Moment, out: &mut Changes) -> Outcome {
        let undecided =
            if request.command.takes_steps() { Err(Box::new(request)) } else { self.decide(request, now, out) };
        let outcome = undecided.unwrap_or_else(|request| {
            let mut execution = Execution::new(*request);
            loop {
                if let Some(outcome) = self.execute(&mut execution, now, out) {
                    break outcome;
                }
            }
        });
        // What a load left to be written has steps of its own.
        while self.is_looking() || (self.renewal.is_written() && !self.ended_sessions.leaving.is_empty()) {
            self.run_unfinished(now, out);
        }
        outcome
    }

    /// Takes one step of a command; `None`: there are more to take.
    ///
    /// # Panics
    /// When it was answered before.
    pub fn execute(&mut self, execution: &mut Execution, now: Moment, out: &mut Changes) -> Option<Outcome> {
        let Execution { tenant: id, no, actor, looks, state } = execution;
        if !self.is_renewed(id, now, out) {
            return None;
        }
        if let ExecutionState::New(command) = state {
            self.resolve_user_ids(id, command);
        }
        let mut steps = match std::mem::replace(state, ExecutionState::Over) {
            ExecutionState::New(command) => match begin(command) {
                Ok(steps) => steps,
                Err(command) => {
                    let request = Request { tenant: id.clone(), actor: actor.clone(), command };
                    match self.decide(request, now, out) {
                        Ok(outcome) => return Some(outcome),
                        Err(request) => *state = ExecutionState::New(request.command),
                    }
                    return None;
                }
            },
            ExecutionState::Running(steps) => steps,
            ExecutionState::Over => unreachable!("a command that was answered"),
        };
        self.mark.observe(now);
        self.budget.begin();
        let (found, mut ctx) = self.context(id, actor, now, out);
        let outcome = match found.filter(|tenant| no.is_none_or(|no| no == tenant.no)) {
            Some(tenant) => {
                *no = Some(tenant.no);
                // Who becomes Idle at this moment does so before anything else: a step may be full of that alone.
                let ready = tenant.mark_idle(now.tick, ctx.budget);
                let outcome = if ready { steps.next_step(tenant, &mut ctx) } else { None };
                // People are notified of what the whole command brought about, not of its middle.
                tenant.after_command(*looks && outcome.is_some(), &mut ctx);
                outcome
            }
            None => steps.next_step_without_tenant(id, &mut ctx),
        };
        if outcome.is_none() {
            *state = ExecutionState::Running(steps);
        }
        if let Some(no) = *no {
            self.file(no);
        }
        outcome
    }

    /// Whether something is left over of what earlier steps began.
    #[must_use]
    pub fn is_unfinished(&self) -> bool {
        self.is_looking() || !self.renewal.is_written() || !self.ended_sessions.leaving.is_empty()
    }

    /// Whether of that something is left but what the next load does anew, and the rows of tenants that are deleted.
    #[must_use]
    pub fn is_looking(&self) -> bool {
        !self.unfinished.is_empty()
    }

    /// Takes one step of what is left over: of one tenant, each in its turn.
    pub fn run_unfinished(&mut self, now: Moment, out: &mut Changes) {
        let Some(no) = self.unfinished.pop_front() else {
            if self.renew_next(now, out) {
                self.clear_away(now, out);
            }
            return;
        };
        self.mark.observe(now);
        self.budget.begin();
        let actor = Actor::service();
        let (Some(tenant), mut ctx) = self.step_of(no, &actor, now, out) else { return };
        tenant.unfinished = false;
        tenant.look_around(&mut ctx);
        self.file(no);
    }
}

/// What takes several steps; the others are given back.
#[expect(clippy::result_large_err, reason = "it is no error: the command goes where it is decided in one step")]
fn begin(command: Command) -> Result<Box<dyn Steps>, Command> {
    Ok(match command {
        Command::Heartbeat(command) => Box::new(HeartbeatSteps::new(command)),
        Command::GrantSeats(command) => Box::new(Grants::new(command)),
        Command::RevokeSeats(command) => Box::new(Revocations::new(command)),
        Command::CloseIdle(command) => Box::new(IdleClosing::new(command)),
        Command::SyncUsers(command) => Box::new(Syncing::new(command)),
        Command::ActivateUsers(command) => Box::new(Activating::new(command)),
        Command::BlockUnlisted(command) => Box::new(Blocking::new(command)),
        Command::DeleteLicenses(_) => Box::new(LicenseDeletions::default()),
        Command::DeleteOrganization(command) => Box::new(OrganizationDeletion::new(command)),
        Command::BlockUser(command) => Box::new(Blocked::new(command)),
        Command::DeleteUser(command) => Box::new(UserDeletion::new(command)),
        Command::UpdateTenant(command) => Box::new(Updating::new(command)),
        other => return Err(other),
    })
}
