//! Tenants that were deleted, while their rows are being removed. From the first step on nobody sees the tenant. That
//! step is durable before it is answered: the tenant's row records it, and a load continues where the former process
//! ended. It takes several steps, because one transaction that deletes a million rows would block the shard's other
//! tenants.

use super::tenant::Tenant;
use crate::ids::SessionId;
use crate::ledger::model::outcome::SessionEndReason;
use crate::ledger::model::time::Tick;

/// A deleted tenant whose rows still exist.
#[derive(Debug)]
pub(in crate::ledger) struct Leaving {
    pub tenant: Box<Tenant>,
    /// Time of the deletion; after a load, time of the load.
    pub at: Tick,
}

impl Leaving {
    pub fn new(tenant: Box<Tenant>, at: Tick) -> Self {
        Self { tenant, at }
    }

    /// Reason and time of the end of a session that still has a row.
    pub fn end_of(&self, session: SessionId) -> Option<(SessionEndReason, Tick)> {
        let found = self.tenant.sessions.find(session)?;
        let (at, reason) =
            self.tenant.sessions.get(found).ended().unwrap_or((self.at, SessionEndReason::TenantRemoved));
        Some((reason, at))
    }
}
