//! A command in progress. Most commands take one step. A command whose length the caller chooses takes several steps,
//! and the writer serves others between them. The effects of each step are complete in themselves and commit with the
//! batch of that step; the last step returns the answer (decision 34).

use super::running::Running;
use crate::ids::{TenantId, TenantNo};
use crate::ledger::model::change::{Actor, Changes};
use crate::ledger::model::command::{Command, Outcome, Request};
use crate::ledger::model::time::Moment;
use crate::ledger::state::ledger::Ledger;

/// A command in progress, submitted step by step to [`Ledger::execute`].
#[derive(Debug)]
pub struct Execution {
    tenant: TenantId,
    actor: Actor,
    state: ExecutionState,
}

#[derive(Debug)]
enum ExecutionState {
    New(Command),
    Begun(Begun),
}

/// State of a command of several steps.
#[derive(Debug)]
struct Begun {
    /// Tenant number, set by the first step: a new tenant with the same id is another tenant.
    no: Option<TenantNo>,
    /// True if the whole command can raise notifications.
    raises: bool,
    running: Running,
}

impl Execution {
    #[must_use]
    pub fn new(request: Request) -> Box<Self> {
        let Request { tenant, actor, command } = request;
        Box::new(Self { tenant, actor, state: ExecutionState::New(command) })
    }

    /// A command of several steps that has begun.
    pub(in crate::ledger) fn begun(tenant: TenantId, actor: Actor, raises: bool, running: Running) -> Box<Self> {
        Box::new(Self { tenant, actor, state: ExecutionState::Begun(Begun { no: None, raises, running }) })
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
        let mut decided = self.decide(request, now, out);
        let outcome = loop {
            decided = match decided {
                Ok(outcome) => break outcome,
                Err(execution) => self.execute(execution, now, out),
            };
        };
        // Writing what a load left to be written takes steps of its own.
        while self.has_unfinished_checks() || (self.renewal.is_written() && !self.ended_sessions.leaving.is_empty()) {
            self.run_unfinished(now, out);
        }
        outcome
    }

    /// Takes one step of a command.
    ///
    /// # Errors
    /// Returns the command if there are more steps.
    pub fn execute(
        &mut self,
        execution: Box<Execution>,
        now: Moment,
        out: &mut Changes,
    ) -> Result<Outcome, Box<Execution>> {
        if !self.is_renewed(&execution.tenant, now, out) {
            return Err(execution);
        }
        let Execution { tenant, actor, state } = *execution;
        let execution = match state {
            ExecutionState::New(command) => self.decide(Request { tenant, actor, command }, now, out),
            ExecutionState::Begun(begun) => return self.step(tenant, actor, begun, now, out),
        };
        let Err(execution) = execution else { return execution };
        let Execution { tenant, actor, state } = *execution;
        match state {
            ExecutionState::Begun(begun) => self.step(tenant, actor, begun, now, out),
            ExecutionState::New(command) => Err(Execution::new(Request { tenant, actor, command })),
        }
    }

    fn step(
        &mut self,
        id: TenantId,
        actor: Actor,
        mut begun: Begun,
        now: Moment,
        out: &mut Changes,
    ) -> Result<Outcome, Box<Execution>> {
        self.mark.observe(now);
        self.budget.begin();
        let (found, mut ctx) = self.context(&id, &actor, now, out);
        let Begun { no, raises, running } = &mut begun;
        let outcome = match found.filter(|tenant| no.is_none_or(|no| no == tenant.no)) {
            Some(tenant) => {
                *no = Some(tenant.no);
                // Users who become Idle by now are marked first; marking them can use up a whole step.
                let ready = tenant.mark_idle(now.tick, ctx.budget);
                let outcome = if ready { running.step(Some(tenant), &id, &mut ctx) } else { None };
                // Notifications are about the effect of the whole command, not of a part of it.
                tenant.after_command(*raises && outcome.is_some(), &mut ctx);
                outcome
            }
            None => running.step(None, &id, &mut ctx),
        };
        if let Some(no) = *no {
            self.update_shard_state(no);
        }
        outcome.ok_or_else(|| Box::new(Execution { tenant: id, actor, state: ExecutionState::Begun(begun) }))
    }
}
