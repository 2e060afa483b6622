//! FormerIds: the id and the former ids of a user.

use super::tenant_query::{QueryContext, TenantQuery};
use crate::ids::UserId;
use crate::ledger::model::command::FormerIds;
use crate::ledger::model::former_id::FormerId;
use crate::ledger::model::outcome::Done;
use crate::ledger::state::tenant::Tenant;

impl TenantQuery for FormerIds {
    fn user(&mut self) -> Option<&mut UserId> {
        Some(&mut self.user)
    }

    /// Latest first. Includes an id that a load changed, written or not.
    fn read(&self, tenant: &Tenant, ctx: &mut QueryContext) -> Option<Done<(UserId, Vec<FormerId>)>> {
        let Some(no) = tenant.users.find(&self.user) else {
            return Some(Ok((self.user.clone(), Vec::new())));
        };
        let user = tenant.users.get(no);
        // Before the new id is written, no event is stored under it.
        let taken = ctx.renewal.unwritten.get(&(tenant.no, no)).cloned();
        let taken = taken.map(|id| FormerId { id, last_event: ctx.last_event });
        let former = taken.into_iter().chain(user.former.iter().rev().cloned()).collect();
        Some(Ok((user.id.clone(), former)))
    }
}
