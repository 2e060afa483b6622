//! Who makes a call, and what they need for it.

use std::sync::Arc;

use super::principal::Principal;
use crate::ids::TenantId;
use crate::ledger::access::{Roles, Tenants};
use crate::ledger::change::Actor;

/// A call's caller. The front door puts it into each request, and no service answers without one.
#[derive(Debug, Clone)]
pub struct Caller {
    pub principal: Arc<Principal>,
    /// One of these roles is needed, for the tenant that the call is about.
    pub needs: Roles,
}

impl Caller {
    #[must_use]
    pub fn actor(&self) -> &Actor {
        &self.principal.actor
    }

    /// Whether the call may be about this tenant (R1).
    #[must_use]
    pub fn may(&self, tenant: &TenantId) -> bool {
        self.principal.may(self.needs, tenant)
    }

    /// The tenants that the call may be about.
    #[must_use]
    pub fn tenants(&self) -> Tenants {
        self.principal.tenants_for(self.needs)
    }
}
