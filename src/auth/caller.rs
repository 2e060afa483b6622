//! The caller of a call, and the roles that the call needs.

use std::sync::Arc;

use super::principal::Principal;
use crate::ids::TenantId;
use crate::ledger::access::{Roles, Tenants};
use crate::ledger::change::Actor;

/// The caller of a call. The gRPC server attaches it to each request; services refuse a request without one.
#[derive(Debug, Clone)]
pub struct Caller {
    pub principal: Arc<Principal>,
    /// The call needs one of these roles for its tenant.
    pub needs: Roles,
}

impl Caller {
    #[must_use]
    pub fn actor(&self) -> &Actor {
        &self.principal.actor
    }

    /// True if the call may concern this tenant (R1).
    #[must_use]
    pub fn may(&self, tenant: &TenantId) -> bool {
        self.principal.may(self.needs, tenant)
    }

    /// Returns the tenants that the call may concern.
    #[must_use]
    pub fn tenants(&self) -> Tenants {
        self.principal.tenants_for(self.needs)
    }
}
