//! Commands about sessions.

use crate::ids::{DeviceId, OrganizationId, PoolId, SessionId, Text, UserId};

/// Takes a seat for a session at login.
#[derive(Debug, Clone)]
pub struct CheckOut {
    pub pool: PoolId,
    pub user: UserId,
    pub device: DeviceId,
    pub organization: Option<OrganizationId>,
    pub client: Text,
    pub check_only: bool,
    /// Fresh random id, used if a new session starts.
    pub fresh: SessionId,
    /// Pools that are tried when the one before has no seat, at most [`CheckOut::MAX_ALTERNATIVES`] (R38).
    pub alternatives: Vec<PoolId>,
}

impl CheckOut {
    pub const MAX_ALTERNATIVES: usize = 8;

    /// All pools, in the order in which they are tried.
    pub fn pools(&self) -> impl Iterator<Item = &PoolId> {
        std::iter::once(&self.pool).chain(&self.alternatives)
    }
}

/// Returns the seat of a session at logout.
#[derive(Debug, Clone)]
pub struct CheckIn {
    pub session: SessionId,
}

/// Extends the leases of sessions. Each comes with a flag: the user was active (R22). Answers in the same order.
#[derive(Debug, Clone)]
pub struct Heartbeat {
    pub heartbeats: Vec<(SessionId, bool)>,
}

/// Closes one session for an administrator (R26).
#[derive(Debug, Clone)]
pub struct CloseSession {
    pub session: SessionId,
    pub force: bool,
    /// The caller's own session and user: nobody closes their own session from the list.
    pub own_session: Option<SessionId>,
    pub own_user: Option<UserId>,
}

/// Ends the sessions of Idle users, and no others (R26).
#[derive(Debug, Clone)]
pub struct CloseIdle {
    pub pool: Option<PoolId>,
    pub own_user: Option<UserId>,
}
