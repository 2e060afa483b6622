//! GetUsage: the usage of every pool, and numbers of users.

use super::tenant_query::{QueryContext, TenantQuery};
use crate::ledger::model::command::GetUsage;
use crate::ledger::model::outcome::{Done, LicenseState, Notice, TenantUsage};
use crate::ledger::state::budget::Budget;
use crate::ledger::state::entitlement;
use crate::ledger::state::tenant::Tenant;

impl TenantQuery for GetUsage {
    fn read(&self, tenant: &Tenant, ctx: &mut QueryContext) -> Option<Done<TenantUsage>> {
        ctx.budget.spend_each(tenant.pools.iter().len(), 3 * Budget::READ);
        ctx.budget.spend_each(tenant.licenses.len(), 4);
        let pools: Vec<_> = tenant.pools.iter().map(|pool| tenant.usage(pool.no, ctx.basis)).collect();
        let license = entitlement::state(tenant.licenses.heads(), ctx.basis.license_time);
        let mut notices = match license {
            LicenseState::Demo => vec![Notice::DemoMode],
            // As a check-out would be denied.
            LicenseState::Expired
                if entitlement::is_suspect(tenant.licenses.heads(), ctx.basis.license_time, ctx.basis.now.wall) =>
            {
                vec![Notice::ClockSuspect]
            }
            LicenseState::Expired => vec![Notice::LicenseExpired],
            LicenseState::Valid | LicenseState::NotYetValid => Vec::new(),
        };
        for usage in &pools {
            let no = tenant.pools.find(&usage.pool).expect("a pool just read");
            for notice in tenant.notices(no, usage, ctx.basis) {
                if !notices.contains(&notice) {
                    notices.push(notice);
                }
            }
        }
        Some(Ok(TenantUsage { pools, users: tenant.user_totals(), license, notices }))
    }
}
