//! All deleted tenants whose rows still exist: in the order of deletion, and by id for late heartbeats.

use std::collections::VecDeque;

use super::leaving::Leaving;
use super::map::{Map, Seed};
use crate::ids::{SessionId, TenantId};
use crate::ledger::model::outcome::SessionEndReason;
use crate::ledger::model::time::Tick;

#[derive(Debug)]
pub(in crate::ledger) struct LeavingTenants {
    /// In the order in which they are cleared away.
    order: VecDeque<TenantId>,
    /// Several have the same id if the tenant was created again and deleted again; in order of deletion.
    by_id: Map<TenantId, VecDeque<Leaving>>,
}

impl LeavingTenants {
    pub fn new(seed: Seed) -> Self {
        Self { order: VecDeque::new(), by_id: Map::with_hasher(seed) }
    }

    pub fn is_empty(&self) -> bool {
        self.order.is_empty()
    }

    /// Adds a tenant behind all others.
    pub fn push(&mut self, leaving: Leaving) {
        let id = leaving.tenant.id.clone();
        self.order.push_back(id.clone());
        self.by_id.entry(id).or_default().push_back(leaving);
    }

    /// Removes and returns the next tenant.
    pub fn pop(&mut self) -> Option<Leaving> {
        let id = self.order.pop_front()?;
        let of_id = self.by_id.get_mut(&id)?;
        let next = of_id.pop_front();
        if of_id.is_empty() {
            self.by_id.remove(&id);
        }
        next
    }

    /// Puts back a tenant that was popped and is not cleared away yet.
    pub fn put_back(&mut self, leaving: Leaving) {
        let id = leaving.tenant.id.clone();
        self.order.push_front(id.clone());
        self.by_id.entry(id).or_default().push_front(leaving);
    }

    /// Reason and time of the end of a session that a deleted tenant still has.
    pub fn end_of(&self, session: SessionId, tenant: &TenantId) -> Option<(SessionEndReason, Tick)> {
        self.by_id.get(tenant)?.iter().find_map(|leaving| leaving.end_of(session))
    }
}
