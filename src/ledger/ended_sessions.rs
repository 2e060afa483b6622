//! Why sessions ended whose row is gone (R24): with its user or tenant, or because its place was used again. A late
//! heartbeat is told the reason from here. In memory only: after a restart such a heartbeat hears that the session is unknown.

use std::collections::VecDeque;

use super::leaving_tenants::LeavingTenants;
use super::map::{Map, Seed};
use super::outcome::SessionEndReason;
use super::time::Tick;
use crate::ids::{SessionId, TenantId};

const MAX_REMEMBERED: usize = 65_536;

#[derive(Debug)]
pub(super) struct EndedSessions {
    by_id: Map<SessionId, (TenantId, SessionEndReason, Tick)>,
    by_age: VecDeque<SessionId>,
    /// Tenants that were deleted, with the sessions that are still there.
    pub leaving: LeavingTenants,
}

impl EndedSessions {
    pub fn new(seed: Seed) -> Self {
        Self { by_id: Map::with_hasher(seed), by_age: VecDeque::new(), leaving: LeavingTenants::new(seed) }
    }

    pub fn add(&mut self, session: SessionId, tenant: TenantId, reason: SessionEndReason, at: Tick) {
        if self.by_age.len() >= MAX_REMEMBERED
            && let Some(oldest) = self.by_age.pop_front()
        {
            self.by_id.remove(&oldest);
        }
        self.by_age.push_back(session);
        self.by_id.insert(session, (tenant, reason, at));
    }

    /// Only for the session's own tenant (R1).
    pub fn find(&self, session: SessionId, tenant: &TenantId) -> Option<(SessionEndReason, Tick)> {
        let known = self.by_id.get(&session).filter(|(owner, ..)| owner == tenant);
        let known = known.map(|(_, reason, at)| (*reason, *at));
        known.or_else(|| self.leaving.end_of(session, tenant))
    }
}
