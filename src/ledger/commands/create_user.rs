//! CreateUser: a user with a seat in each pool, or nothing (R15).

use super::seat_guards::too_many_pools;
use super::tenant_command::TenantCommand;
use crate::ids::{PoolId, TenantId, UserId};
use crate::ledger::model::change::{Access, Action};
use crate::ledger::model::command::CreateUser;
use crate::ledger::model::notification::Cause;
use crate::ledger::model::outcome::{Denial, DenialReason, Done, PoolUsage, Refusal, UserView};
use crate::ledger::state::context::Context;
use crate::ledger::state::pool::MAX_POOLS;
use crate::ledger::state::tenant::Tenant;

impl TenantCommand for CreateUser {
    fn users(&mut self) -> Vec<&mut UserId> {
        vec![&mut self.user]
    }

    fn apply(self, tenant: &mut Tenant, ctx: &mut Context) -> Done<(Result<UserView, Denial>, Vec<PoolUsage>)> {
        if tenant.users.find(&self.user).is_some() {
            return Err(Refusal::exists("user", &self.user));
        }
        let exempt = self.administrator && !tenant.policy.administrators_count_in_named;
        for pool in &self.pools {
            let reason = match tenant.guard_grant(pool, None, ctx) {
                Err(DenialReason::SeatsExhausted) if exempt => continue,
                Err(reason) => reason,
                Ok(()) => continue,
            };
            ctx.log_denial(tenant.about(Action::UserCreated).denied(reason).user(&self.user).pool(pool));
            tenant.notify_denied(tenant.pools.find(pool), reason, Cause::Grant, &self.user, ctx);
            return Ok((Err(Denial::because(reason)), tenant.usages_of(&self.pools, ctx)));
        }
        let fresh = self.pools.iter().filter(|pool| tenant.pools.find(pool).is_none()).count();
        if tenant.pools.iter().len() + fresh > MAX_POOLS {
            return Err(too_many_pools());
        }
        let mut pools = Vec::new();
        for pool in &self.pools {
            pools.push(tenant.pool_or_new(pool, ctx).ok_or_else(too_many_pools)?);
        }
        let no = tenant.create(&self.user, self.administrator, self.profile, "", ctx);
        for pool in pools {
            let about = tenant.about(Action::SeatGranted).user(&self.user).pool(&tenant.pools.get(pool).id);
            let order = ctx.log(about.detail("all organizations"));
            tenant.put_seat(no, pool, Access::All, order, ctx);
        }
        Ok((Ok(tenant.user_view(no, ctx.limit_basis())), tenant.usages_of(&self.pools, ctx)))
    }

    fn without_tenant(self, id: &TenantId, _: &mut Context) -> Done<(Result<UserView, Denial>, Vec<PoolUsage>)> {
        Err(Refusal::not_found("tenant", id))
    }
}

impl Tenant {
    fn usages_of(&self, pools: &[PoolId], ctx: &Context) -> Vec<PoolUsage> {
        pools.iter().filter_map(|id| self.pools.find(id)).map(|no| self.usage(no, ctx.limit_basis())).collect()
    }
}
