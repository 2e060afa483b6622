//! A command in progress. Most commands take one step. A command whose length the caller chooses takes several steps,
//! and the writer serves others between them. The effects of each step are complete in themselves and commit with the
//! batch of that step; the last step returns the answer (decision 34).

use std::fmt::Debug;

use super::activate_users::{Activating, Blocking};
use super::close_idle::IdleClosing;
use super::delete_licenses::LicenseDeletions;
use super::delete_organization::OrganizationDeletion;
use super::end_sessions::{Blocked, UserDeletion};
use super::grant_seats::Grants;
use super::heartbeat::HeartbeatSteps;
use super::revoke_seats::Revocations;
use super::sync_users::Syncing;
use super::tenants::Updating;
use crate::ids::{TenantId, TenantNo};
use crate::ledger::model::change::{Actor, Changes};
use crate::ledger::model::command::{Command, Outcome, Request};
use crate::ledger::model::time::Moment;
use crate::ledger::state::budget::Budget;
use crate::ledger::state::context::Context;
use crate::ledger::state::ledger::Ledger;
use crate::ledger::state::tenant::Tenant;

/// State that a command of several steps keeps between two steps: what is done, and where to continue. The tenant is
/// still the same in the next step; nothing else that a step saw is sure to exist then.
pub(in crate::ledger) trait Steps: Debug + Send {
    /// Continues until the budget of this step is spent. Returns `None` if there is more to do.
    fn next_step(&mut self, tenant: &mut Tenant, ctx: &mut Context) -> Option<Outcome>;

    /// The same if the tenant does not exist, or was deleted meanwhile: the remaining items are answered accordingly.
    fn next_step_without_tenant(&mut self, tenant: &TenantId, ctx: &mut Context) -> Option<Outcome>;
}

/// Calls `turn` for the items that have no answer yet, until the budget of this step is spent, but for one item at
/// least: what a command spends before the first item is spent in each step. `answers` has one entry for each item that
/// is done. Returns true if all items are done.
pub(in crate::ledger) fn each<A>(
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
        ctx.budget.spend(Budget::READ);
        answers.push(turn(answers.len(), ctx));
    }
    true
}

/// A command in progress, submitted step by step to [`Ledger::execute`].
#[derive(Debug)]
pub struct Execution {
    tenant: TenantId,
    /// Tenant number, set by the first step: a new tenant with the same id is another tenant.
    no: Option<TenantNo>,
    actor: Actor,
    /// See [`Command::can_notify`].
    can_notify: bool,
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
        Self { tenant, no: None, actor, can_notify: command.can_notify(), state: ExecutionState::New(command) }
    }

    /// Id of the command's tenant.
    #[must_use]
    pub fn tenant(&self) -> &TenantId {
        &self.tenant
    }
}

impl Ledger {
    /// Applies one command at `now`, with all its steps, and adds its effects to `out`. `now.tick` must never go back.
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
        // Writing what a load left to be written takes steps of its own.
        while self.has_unfinished_checks() || (self.renewal.is_written() && !self.ended_sessions.leaving.is_empty()) {
            self.run_unfinished(now, out);
        }
        outcome
    }

    /// Takes one step of a command. Returns `None` if there are more.
    ///
    /// # Panics
    /// When the command was answered before.
    pub fn execute(&mut self, execution: &mut Execution, now: Moment, out: &mut Changes) -> Option<Outcome> {
        let Execution { tenant: id, no, actor, can_notify, state } = execution;
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
                // Users who become Idle by now are marked first; marking them can use up a whole step.
                let ready = tenant.mark_idle(now.tick, ctx.budget);
                let outcome = if ready { steps.next_step(tenant, &mut ctx) } else { None };
                // Notifications are about the effect of the whole command, not of a part of it.
                tenant.after_command(*can_notify && outcome.is_some(), &mut ctx);
                outcome
            }
            None => steps.next_step_without_tenant(id, &mut ctx),
        };
        if outcome.is_none() {
            *state = ExecutionState::Running(steps);
        }
        if let Some(no) = *no {
            self.update_shard_state(no);
        }
        outcome
    }

    /// True if earlier steps left work unfinished.
    #[must_use]
    pub fn is_unfinished(&self) -> bool {
        self.has_unfinished_checks() || !self.renewal.is_written() || !self.ended_sessions.leaving.is_empty()
    }

    /// True if unfinished work is left other than what the next load would do anyway, and rows of deleted tenants.
    #[must_use]
    pub fn has_unfinished_checks(&self) -> bool {
        !self.unfinished.is_empty()
    }

    /// Takes one step of the unfinished work: for one tenant, in turn.
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
        tenant.update_notifications(&mut ctx);
        self.update_shard_state(no);
    }
}

/// Starts a command that takes several steps; returns any other command unchanged.
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
