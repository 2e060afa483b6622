//! Part of a tenant in the sums over all tenants.

use super::pool::{Pool, Pools};
use crate::ids::PoolNo;

/// Pools of a tenant whose part of the sums is out of date.
#[derive(Debug, Default)]
pub(in crate::ledger) struct Stale {
    pub pools: Vec<PoolNo>,
    /// True if the entitlements of the licenses may have changed.
    pub licenses: bool,
    /// True if the tenant is in the list of `Tally`.
    pub listed: bool,
}

impl Stale {
    /// Notes that the pool's count or limit changed. Every check-out calls it.
    pub fn note(&mut self, pool: &mut Pool) {
        if !std::mem::replace(&mut pool.stale, true) {
            self.pools.push(pool.no);
        }
    }

    /// Notes that every limit may have changed.
    pub fn note_all(&mut self, pools: &mut Pools) {
        self.licenses = true;
        pools.iter_mut().for_each(|pool| self.note(pool));
    }

    pub fn is_empty(&self) -> bool {
        self.pools.is_empty() && !self.licenses
    }
}

/// Part of a tenant in the sums, without its pools.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(in crate::ledger) struct Tallied {
    pub users: u32,
    pub sessions: u32,
    pub open: u32,
    pub dead: u32,
    pub expiring: bool,
}
