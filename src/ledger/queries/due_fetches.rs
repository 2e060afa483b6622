//! DueFetches: the tenants of a shard whose licenses are due to be fetched.

use crate::ids::TenantNo;
use crate::ledger::model::change::TenantState;
use crate::ledger::model::command::{DueFetches, FetchesDue};
use crate::ledger::model::license_fetch::is_due;
use crate::ledger::model::time::Moment;
use crate::ledger::state::budget::Budget;
use crate::ledger::state::ledger::Ledger;

/// Highest number of tenants in one answer to DueFetches.
const DUE: usize = 100;

impl Ledger {
    /// Tenants of the shard whose licenses are due to be fetched, after a given one: as many as one step can look at.
    pub(in crate::ledger) fn due_fetches(&self, query: &DueFetches, now: Moment, budget: &mut Budget) -> FetchesDue {
        let mut tenants = Vec::new();
        for no in query.after.0 as usize + 1..self.tenants.len() {
            if budget.is_spent() || tenants.len() == DUE {
                let before = u32::try_from(no - 1).expect("fewer than 2^32 tenants");
                return FetchesDue { tenants, next: Some(TenantNo(before)) };
            }
            budget.spend(Budget::LOOK);
            let Some(tenant) = &self.tenants[no] else { continue };
            if tenant.state != TenantState::Deleted && is_due(tenant.license_fetch.as_deref(), &tenant.id, now.wall) {
                tenants.push(tenant.id.clone());
            }
        }
        FetchesDue { tenants, next: None }
    }
}
