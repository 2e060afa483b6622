//! Decides about a command: of the installation, or of a tenant.

use super::execution::Execution;
use super::tenant_command::TenantCommand;
use crate::ids::TenantId;
use crate::ledger::model::change::{Actor, Changes};
use crate::ledger::model::command::{Outcome, Request};
use crate::ledger::model::time::Moment;
use crate::ledger::state::ledger::Ledger;

impl Ledger {
    /// Decides about a command that takes one step. [`Self::run_unfinished`] does the work that it leaves unfinished.
    ///
    /// # Errors
    /// Returns what [`Self::execute`] continues: a command of several steps, which has taken none yet, or one that is
    /// not decided because more is overdue than this step could end first (R18).
    pub fn decide(&mut self, request: Request, now: Moment, out: &mut Changes) -> Result<Outcome, Box<Execution>> {
        if !self.is_renewed(&request.tenant, now, out) {
            return Err(Execution::new(request));
        }
        self.mark.observe(now);
        self.budget.begin();
        let Request { tenant, actor, mut command } = request;
        self.resolve_user_ids(&tenant, &mut command);
        self.dispatch(tenant, actor, command, now, out)
    }

    /// Decides about a command of a tenant.
    pub(in crate::ledger) fn decide_in_tenant<C: TenantCommand>(
        &mut self,
        id: TenantId,
        actor: Actor,
        command: C,
        now: Moment,
        out: &mut Changes,
    ) -> Result<C::Answer, Box<Execution>> {
        let (found, mut ctx) = self.context(&id, &actor, now, out);
        let Some(tenant) = found else { return Ok(command.without_tenant(&id, &mut ctx)) };
        let no = tenant.no;
        if !command.is_ready(tenant, &mut ctx) {
            if command.is_question() {
                // A question ends nothing (R20), so a tick of the tenant ends what is overdue.
                self.budget.begin();
                self.tick_tenant(no, now, out);
            }
            self.update_shard_state(no);
            return Err(Execution::new(Request { tenant: id, actor, command: command.into() }));
        }
        let raises = command.raises_notifications();
        let answer = command.apply(tenant, &mut ctx);
        tenant.after_command(raises, &mut ctx);
        self.update_shard_state(no);
        Ok(answer)
    }
}
