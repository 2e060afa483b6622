//! GetTenant: the tenant's settings.

use super::tenant_query::{QueryContext, TenantQuery};
use crate::ledger::model::command::GetTenant;
use crate::ledger::model::outcome::{Done, TenantView};
use crate::ledger::state::tenant::Tenant;

impl TenantQuery for GetTenant {
    fn read(&self, tenant: &Tenant, ctx: &mut QueryContext) -> Option<Done<TenantView>> {
        Some(Ok(tenant.view(ctx.basis.now)))
    }
}
