//! Finds users by the former ids that they keep.

use crate::ids::TenantId;
use crate::ledger::model::command::Query;
use crate::ledger::state::ledger::Ledger;
use crate::ledger::state::renewed_ids::meant;

impl Ledger {
    /// Replaces the user id of a query by the former id of a user who keeps it.
    pub(in crate::ledger) fn resolve_former_id(&self, tenant: &TenantId, query: &mut Query) {
        if let (Some(tenant), Some(id)) = (self.keeping(tenant), query.user()) {
            meant(tenant, id);
        }
    }
}
