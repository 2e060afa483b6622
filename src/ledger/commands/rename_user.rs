//! RenameUser: the person keeps seats, sessions and history; only the id changes (R2).

use super::tenant_command::TenantCommand;
use crate::ids::{TenantId, UserId, UserNo};
use crate::ledger::model::change::Action;
use crate::ledger::model::command::RenameUser;
use crate::ledger::model::former_id::{FormerId, MAX_FORMER_IDS, renamed};
use crate::ledger::model::outcome::{Done, Refusal, UserView};
use crate::ledger::state::context::Context;
use crate::ledger::state::tenant::Tenant;

impl TenantCommand for RenameUser {
    fn users(&mut self) -> Vec<&mut UserId> {
        vec![&mut self.user, &mut self.new]
    }

    fn apply(self, tenant: &mut Tenant, ctx: &mut Context) -> Done<UserView> {
        let Some(no) = tenant.users.find(&self.user) else { return tenant.renamed_before(&self, ctx) };
        if self.new == self.user {
            return Ok(tenant.user_view(no, ctx.limit_basis()));
        }
        if tenant.users.find(&self.new).is_some() {
            return Err(Refusal::exists("user", &self.new));
        }
        tenant.users.rename(no, self.new.clone());
        tenant.rename_sessions(no, ctx.budget);
        tenant.note_renaming(no, self.user.clone(), ctx);
        Ok(tenant.user_view(no, ctx.limit_basis()))
    }

    fn without_tenant(self, id: &TenantId, _: &mut Context) -> Done<UserView> {
        Err(Refusal::not_found("tenant", id))
    }
}

impl Tenant {
    /// Records the former id of a user in the audit and in the user's row.
    pub fn note_renaming(&mut self, no: UserNo, old: UserId, ctx: &mut Context) {
        // Events up to this one have the former id.
        let event = ctx.log(self.about(Action::UserRenamed).user(&old).detail(renamed(&self.users.get(no).id)));
        self.change_user(no, ctx, |user| {
            let former = FormerId { id: old, last_event: event };
            let kept = user.former.len().saturating_sub(MAX_FORMER_IDS - 1);
            user.former = user.former.iter().skip(kept).cloned().chain([former]).collect();
        });
    }

    /// Repeating the call changes nothing, and gives the same answer.
    fn renamed_before(&self, command: &RenameUser, ctx: &Context) -> Done<UserView> {
        let named = self.users.find(&command.new);
        let before =
            named.filter(|no| self.users.get(*no).former.last().is_some_and(|former| former.id == command.user));
        let no = before.ok_or_else(|| Refusal::not_found("user", &command.user))?;
        Ok(self.user_view(no, ctx.limit_basis()))
    }
}
