//! UpdateUser: changes a user's profile or role.

use super::patch::patched;
use super::tenant_command::TenantCommand;
use crate::ids::{TenantId, UserId};
use crate::ledger::model::change::Action;
use crate::ledger::model::command::UpdateUser;
use crate::ledger::model::outcome::{Done, Refusal, UserView};
use crate::ledger::state::context::Context;
use crate::ledger::state::tenant::Tenant;

impl TenantCommand for UpdateUser {
    fn users(&mut self) -> Vec<&mut UserId> {
        vec![&mut self.user]
    }

    /// An administrator's sessions may begin to count.
    fn is_ready(&self, tenant: &mut Tenant, ctx: &mut Context) -> bool {
        let ordinary = self.patch.administrator == Some(false);
        let user = tenant.users.find(&self.user).filter(|no| ordinary && tenant.users.get(*no).administrator);
        tenant.mark_idle(ctx.now.tick, ctx.budget) && user.is_none_or(|user| tenant.end_overdue_around(user, ctx))
    }

    fn apply(self, tenant: &mut Tenant, ctx: &mut Context) -> Done<UserView> {
        let no = tenant.known_user(&self.user)?;
        let user = tenant.users.get(no);
        if self.version.is_some_and(|version| version != user.version) {
            return Err(Refusal::StaleEtag);
        }
        // An administrator whose seats did not count may now need a free seat in each named pool (R15).
        let begins = self.patch.administrator == Some(false) && !user.counts_in_named(&tenant.policy);
        if begins && user.blocked.is_none() {
            tenant.guard_room(user, None, ctx)?;
        }
        if self.patch.administrator == Some(false) && user.administrator {
            tenant.guard_sessions(user, None, ctx)?;
        }
        let changed = patched(user, &self.patch)?;
        if let Some((profile, administrator, what)) = changed {
            tenant.change_user(no, ctx, |user| {
                user.administrator = administrator;
                user.profile = (!profile.is_empty()).then(|| Box::new(profile));
            });
            ctx.log(tenant.about(Action::UserUpdated).user(&self.user).detail(what));
        }
        Ok(tenant.user_view(no, ctx.limit_basis()))
    }

    fn without_tenant(self, id: &TenantId, _: &mut Context) -> Done<UserView> {
        Err(Refusal::not_found("tenant", id))
    }
}
