//! Usage of a tenant's pools, and numbers of its users by state and status.

use super::{LicenseState, Notice};
use crate::ids::PoolId;
use crate::ledger::model::limit::Limit;
use crate::ledger::model::plan::Plan;

/// A pool's usage, for decisions and displays alike (R15).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PoolUsage {
    pub pool: PoolId,
    pub plan: Plan,
    pub limit: Limit,
    pub in_use: u64,
    /// Seats that are free; 0 where the limit is unlimited.
    pub free: u64,
    /// Seats that may be in use above the limit, and those of them that are (R41).
    pub overdraft: u64,
    pub overdraft_in_use: u64,
    /// Number of seats by which `in_use` is above a limit that shrank, and its overdraft (R14).
    pub over: u64,
    /// Users with a live session in the pool: Active (Away included), and Idle (R23). Exempt users are included.
    pub active: u64,
    pub idle: u64,
    /// Users who hold an active seat in the pool, exempt users included.
    pub granted: u64,
    /// The tenant has no license (R30).
    pub demo: bool,
}

impl PoolUsage {
    /// A licensed pool that nobody uses.
    #[must_use]
    pub fn unused(pool: PoolId, plan: Plan, limit: Limit) -> Self {
        Self {
            pool,
            plan,
            limit,
            in_use: 0,
            free: limit.free(0),
            overdraft: 0,
            overdraft_in_use: 0,
            over: 0,
            active: 0,
            idle: 0,
            granted: 0,
            demo: false,
        }
    }
}

/// Usage of all pools of a tenant, and the state of its users and licenses.
#[derive(Debug, Clone, PartialEq)]
pub struct TenantUsage {
    pub pools: Vec<PoolUsage>,
    pub users: UserTotals,
    pub license: LicenseState,
    pub notices: Vec<Notice>,
}

/// Numbers of users by state (R5). `total` counts every user.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct UserTotals {
    pub total: u64,
    pub active: u64,
    pub blocked: u64,
    pub administrators: u64,
    /// Active users who are not administrators.
    pub active_ordinary: u64,
    /// Users with access to anything (R7), and their numbers by status; Away is a part of Active (R23).
    pub with_access: u64,
    pub status_active: u64,
    pub status_idle: u64,
    pub status_inactive: u64,
}
