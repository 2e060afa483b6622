//! Queries about one tenant.

use crate::ids::{EventNo, UserId};
use crate::ledger::model::command::{Operation, Query};
use crate::ledger::state::budget::Budget;
use crate::ledger::state::limit_basis::LimitBasis;
use crate::ledger::state::renewal::Renewal;
use crate::ledger::state::tenant::Tenant;
use crate::ledger::state::walk::Walk;

/// A query about one tenant. It is refused if there is no such tenant.
pub(in crate::ledger) trait TenantQuery: Operation<Kind = Query> {
    /// The user id of the query.
    fn user(&mut self) -> Option<&mut UserId> {
        None
    }

    /// Takes one step. Returns `None` if there are more.
    fn read(&self, tenant: &Tenant, ctx: &mut QueryContext) -> Option<Self::Answer>;
}

/// Borrows what a step of a query needs beside the tenant.
pub(in crate::ledger) struct QueryContext<'a> {
    pub basis: LimitBasis,
    pub walk: &'a mut Walk,
    /// Work that this step may still do.
    pub budget: &'a mut Budget,
    pub renewal: &'a Renewal,
    pub last_event: EventNo,
}
