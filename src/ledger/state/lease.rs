//! The lease, as the client of a session gets it.

use super::context::Context;
use super::tenant::Tenant;
use crate::ledger::model::outcome::Lease;
use crate::ledger::state::session::SessionSlot;

impl Tenant {
    /// The lease of a live session.
    pub fn lease(&self, slot: SessionSlot, renewed: bool, ctx: &Context) -> Lease {
        let session = self.sessions.get(slot);
        let end = session.started + self.policy.max_session;
        Lease {
            session: Some(session.id),
            tenant: self.id.clone(),
            pool: self.pools.get(session.pool).id.clone(),
            user: session.user_id.clone(),
            device: session.device.clone(),
            organization: session.organization.and_then(|no| self.organizations.id(no)),
            started: ctx.now.wall_of(session.started),
            ttl: Some(self.policy.lease_ttl).filter(|ttl| !ttl.is_zero()),
            heartbeat_interval: self.policy.heartbeat_interval(),
            remaining: end.since(ctx.now.tick),
            idle_timeout: session.idle_end(&self.policy, session.last_activity).map(|end| end.since(ctx.now.tick)),
            renewed,
        }
    }
}
