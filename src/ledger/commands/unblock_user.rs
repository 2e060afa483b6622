//! UnblockUser (R5).

use super::tenant_command::TenantCommand;
use crate::ids::{PoolNo, TenantId, UserId, UserNo};
use crate::ledger::model::change::Action;
use crate::ledger::model::command::UnblockUser;
use crate::ledger::model::notification::Cause;
use crate::ledger::model::outcome::{Denial, DenialReason, Done, PoolUsage, Refusal, UserView};
use crate::ledger::state::context::Context;
use crate::ledger::state::tenant::Tenant;

impl TenantCommand for UnblockUser {
    fn users(&mut self) -> Vec<&mut UserId> {
        vec![&mut self.user]
    }

    /// Returns the user and the usage of each pool in which the user has a seat, sorted by id.
    fn apply(self, tenant: &mut Tenant, ctx: &mut Context) -> Done<(Result<UserView, Denial>, Vec<PoolUsage>)> {
        let no = tenant.known_user(&self.user)?;
        let decision = tenant.try_unblock(no, &self, ctx);
        let basis = ctx.limit_basis();
        let seats = &tenant.users.get(no).seats;
        let mut usage: Vec<PoolUsage> = seats.iter().map(|seat| tenant.usage(seat.pool, basis)).collect();
        usage.sort_unstable_by(|a, b| a.pool.cmp(&b.pool));
        Ok((decision, usage))
    }

    fn without_tenant(self, id: &TenantId, _: &mut Context) -> Done<(Result<UserView, Denial>, Vec<PoolUsage>)> {
        Err(Refusal::not_found("tenant", id))
    }
}

impl Tenant {
    fn try_unblock(&mut self, no: UserNo, command: &UnblockUser, ctx: &mut Context) -> Result<UserView, Denial> {
        let user = self.users.get(no);
        if user.blocked.is_none() {
            return Ok(self.user_view(no, ctx.limit_basis()));
        }
        let full: Vec<(PoolNo, DenialReason)> = self.full_pools(user, ctx.limit_basis()).collect();
        if let Some((pool, reason)) = full.first().copied() {
            let about = self.about(Action::UserUnblocked).denied(reason).user(&command.user);
            ctx.log_denial(about.pool(&self.pools.get(pool).id));
            // The audit event names only the first full pool; people are notified of each.
            for (pool, reason) in full {
                self.notify_denied(Some(pool), reason, Cause::Grant, &command.user, ctx);
            }
            return Err(Denial::because(reason));
        }
        self.unblock(no, "", ctx);
        Ok(self.user_view(no, ctx.limit_basis()))
    }

    /// Unblocks a user whose pools have a free seat.
    pub fn unblock(&mut self, no: UserNo, how: &str, ctx: &mut Context) {
        self.change_user(no, ctx, |user| user.blocked = None);
        let order = ctx.log(self.about(Action::UserUnblocked).user(&self.users.get(no).id).detail(how));
        self.regrant_seats(no, order, ctx);
    }
}
