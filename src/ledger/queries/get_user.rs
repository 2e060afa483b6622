//! GetUser: one user, with the status as shown for an organization.

use super::list_users::weight;
use super::tenant_query::{QueryContext, TenantQuery};
use crate::ids::UserId;
use crate::ledger::model::command::GetUser;
use crate::ledger::model::outcome::{Done, UserView};
use crate::ledger::state::tenant::Tenant;

impl TenantQuery for GetUser {
    fn user(&mut self) -> Option<&mut UserId> {
        Some(&mut self.user)
    }

    fn read(&self, tenant: &Tenant, ctx: &mut QueryContext) -> Option<Done<UserView>> {
        let no = match tenant.known_user(&self.user) {
            Ok(no) => no,
            Err(refusal) => return Some(Err(refusal)),
        };
        ctx.budget.spend(weight(tenant.users.get(no)).work());
        let organization = tenant.wanted_organization(self.organization.as_ref());
        Some(Ok(tenant.user_view_in(no, &organization, ctx.basis)))
    }
}
