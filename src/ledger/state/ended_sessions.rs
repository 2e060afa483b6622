//! Reasons of ended sessions whose row is gone (R24): it was deleted with its user or tenant, or its slot was reused. A
//! late heartbeat gets its reason from here. In memory only: after a restart the reason is unknown.

use std::collections::VecDeque;

use super::leaving_tenants::LeavingTenants;
use super::map::{Map, Seed};
use crate::ids::{SessionId, TenantId};
use crate::ledger::model::outcome::SessionEndReason;
use crate::ledger::model::time::Tick;

/// Highest number of sessions of one shard whose reason is remembered; beyond it the oldest are forgotten.
const MAX_REMEMBERED: usize = 65_536;

/// Reasons of ended sessions without a row.
#[derive(Debug)]
pub(in crate::ledger) struct EndedSessions {
    by_id: Map<SessionId, (TenantId, SessionEndReason, Tick)>,
    by_age: VecDeque<SessionId>,
    /// Deleted tenants, with the sessions that they still have.
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

    /// Finds a session only for its own tenant (R1).
    pub fn find(&self, session: SessionId, tenant: &TenantId) -> Option<(SessionEndReason, Tick)> {
        let known = self.by_id.get(&session).filter(|(owner, ..)| owner == tenant);
        let known = known.map(|(_, reason, at)| (*reason, *at));
        known.or_else(|| self.leaving.end_of(session, tenant))
    }
}
