//! DueFetches: the tenants of a shard whose licenses are due to be fetched.

use super::shard_query::ShardQuery;
use crate::ids::TenantNo;
use crate::ledger::model::change::TenantState;
use crate::ledger::model::command::{DueFetches, FetchesDue};
use crate::ledger::model::license_fetch::is_due;
use crate::ledger::model::time::Moment;
use crate::ledger::state::budget::Budget;
use crate::ledger::state::ledger::Ledger;
use crate::ledger::state::walk::Walk;

/// Highest number of tenants in one answer to DueFetches.
const MAX_DUE_TENANTS: usize = 100;

impl ShardQuery for DueFetches {
    /// As many as one step can look at.
    fn read(&self, ledger: &Ledger, _: &mut Walk, now: Moment, budget: &mut Budget) -> Option<FetchesDue> {
        let mut tenants = Vec::new();
        for no in self.after.0 as usize + 1..ledger.tenants.len() {
            if budget.is_spent() || tenants.len() == MAX_DUE_TENANTS {
                let before = u32::try_from(no - 1).expect("fewer than 2^32 tenants");
                return Some(FetchesDue { tenants, next: Some(TenantNo(before)) });
            }
            budget.spend(Budget::READ);
            let Some(tenant) = &ledger.tenants[no] else { continue };
            if tenant.state != TenantState::Deleted && is_due(tenant.license_fetch.as_deref(), &tenant.id, now.wall) {
                tenants.push(tenant.id.clone());
            }
        }
        Some(FetchesDue { tenants, next: None })
    }
}
