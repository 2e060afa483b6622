//! Commands about seats.

use crate::ids::{OrganizationId, PoolId, UserId};

/// Grants users seats in pools; creates unknown users. One answer for each pair, ordered by pool, then by user.
#[derive(Debug, Clone)]
pub struct GrantSeats {
    pub pools: Vec<PoolId>,
    pub users: Vec<UserId>,
    /// Empty: all of the tenant (R7).
    pub organizations: Vec<OrganizationId>,
}

/// Revokes seats, or access to some organizations. One answer for each pair, ordered by pool, then by user.
#[derive(Debug, Clone)]
pub struct RevokeSeats {
    pub pools: Vec<PoolId>,
    pub users: Vec<UserId>,
    /// Empty: the whole seat.
    pub organizations: Vec<OrganizationId>,
    pub end_sessions: bool,
}
