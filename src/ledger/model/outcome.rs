//! Answers of commands. A denial is a decision (R19); a refusal names the rule that stands in the way of an
//! administrator's command.

mod usage;

use std::time::Duration;

pub use usage::{PoolUsage, TenantUsage, UserTotals};

use super::block_cause::BlockCause;
use super::policy::Policy;
use super::profile::Profile;
pub use super::reason::{DenialReason, SessionEndReason};
pub use super::refusal::{Done, Refusal};
use super::tenant_state::TenantState;
use super::time::WallTime;
use crate::ids::{DeviceId, OrganizationId, PoolId, SessionId, TenantId, Text, UserId};

/// A session, as its client needs to know it.
#[derive(Debug, Clone, PartialEq)]
pub struct Lease {
    /// `None` with `check_only`: nothing was taken (R20).
    pub session: Option<SessionId>,
    pub tenant: TenantId,
    pub pool: PoolId,
    pub user: UserId,
    pub device: DeviceId,
    pub organization: Option<OrganizationId>,
    pub started: WallTime,
    /// `None`: no heartbeat is needed (R25).
    pub ttl: Option<Duration>,
    pub heartbeat_interval: Option<Duration>,
    /// Time until the longest duration ends the session (R24).
    pub remaining: Duration,
    /// Time until the session ends if the user does nothing in it; `None`: there is no idle timeout (R24).
    pub idle_timeout: Option<Duration>,
    /// True: the device already had this session (R16).
    pub renewed: bool,
}

/// A denial, with everything that an application needs to explain it.
#[derive(Debug, Clone, PartialEq)]
pub struct Denial {
    pub reason: DenialReason,
    /// `SeatsExhausted`: time until a seat can be free at the earliest. `AlreadySignedIn`: time until one of the user's
    /// own sessions ends at the earliest.
    pub retry_after: Option<Duration>,
    /// `AlreadySignedIn`: the user's own sessions, oldest first, at most [`Denial::MAX_OWN_SESSIONS`].
    pub own_sessions: Vec<SessionView>,
    /// Number of the user's own sessions, including those that are not listed.
    pub own_session_count: usize,
    /// The alternative pools of a check-out, and why each denied (R38). Everything else is about the first pool.
    pub alternatives: Vec<(PoolId, DenialReason)>,
}

impl Denial {
    /// Own sessions that a denial lists: enough for people, and little compared with a login.
    pub const MAX_OWN_SESSIONS: usize = 20;

    #[must_use]
    pub fn because(reason: DenialReason) -> Self {
        Self { reason, retry_after: None, own_sessions: Vec::new(), own_session_count: 0, alternatives: Vec::new() }
    }
}

/// Information beside a "yes".
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Notice {
    /// The user passed only as an administrator (R29).
    LicenseExpired,
    /// The pool's license ends after this time, within 30 days (R29).
    LicenseExpiring(Duration),
    OverLimit,
    /// The seat is above the limit, and the license allows that (R41).
    Overdraft,
    DemoMode,
    /// A license would be in force only by the clock, which was set back: nobody passes, administrators included (R31).
    ClockSuspect,
}

/// A user's status over all sessions of the tenant (R23).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Status {
    Active,
    Away,
    Idle,
    Inactive,
}

/// One session, as a console shows it.
#[derive(Debug, Clone, PartialEq)]
pub struct SessionView {
    pub id: SessionId,
    pub user: UserId,
    pub pool: PoolId,
    pub organization: Option<OrganizationId>,
    pub device: DeviceId,
    pub client: Text,
    pub started: WallTime,
    pub last_activity: WallTime,
    /// Time since the last activity in this session.
    pub idle: Duration,
    pub status: Status,
    pub administrator: bool,
}

/// A user's seat in a pool.
#[derive(Debug, Clone, PartialEq)]
pub struct SeatView {
    pub user: UserId,
    pub pool: PoolId,
    /// False while the user is blocked (R5).
    pub active: bool,
    /// The seat is over a limit that shrank: its user may not sign in (R14).
    pub over_limit: bool,
    /// `None`: all of the tenant (R7). An answer to many grants or revocations lists at most [`SeatView::MAX_NAMED`].
    pub organizations: Option<Vec<OrganizationId>>,
    /// Number of organizations of the seat, including those that are not listed; 0: all of the tenant.
    pub organization_count: usize,
    pub granted: WallTime,
}

impl SeatView {
    /// Organizations that each answer to many grants or revocations lists at most.
    pub const MAX_NAMED: usize = 100;
}

/// A user, as a console shows it.
#[derive(Debug, Clone, PartialEq)]
pub struct UserView {
    pub id: UserId,
    pub profile: Profile,
    pub administrator: bool,
    pub blocked: Option<BlockCause>,
    pub seats: Vec<SeatView>,
    /// `None`: blank, because access is off (R23).
    pub status: Option<Status>,
    /// Organization in which a login lands that asks for none (R8).
    pub default_organization: Option<OrganizationId>,
    pub last_sign_in: Option<WallTime>,
    pub last_activity: Option<WallTime>,
    pub created: WallTime,
    pub version: u64,
}

/// An organization, as a console shows it.
#[derive(Debug, Clone, PartialEq)]
pub struct OrganizationView {
    pub id: OrganizationId,
    pub display_name: Box<str>,
    pub created: WallTime,
    pub version: u64,
}

/// A tenant, as a console shows it.
#[derive(Debug, Clone, PartialEq)]
pub struct TenantView {
    pub id: TenantId,
    pub display_name: Box<str>,
    pub contact: Box<str>,
    pub state: TenantState,
    pub policy: Policy,
    pub created: WallTime,
    pub version: u64,
}

/// State of all licenses of a tenant together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LicenseState {
    /// No license at all (R30).
    Demo,
    /// At least one is in force.
    Valid,
    NotYetValid,
    /// Or revoked, which counts as expired (R27).
    Expired,
}

/// Answer of CheckOut.
#[derive(Debug, Clone, PartialEq)]
pub struct CheckedOut {
    pub decision: Result<Lease, Denial>,
    /// `None` where the tenant or the pool is unknown.
    pub usage: Option<PoolUsage>,
    pub notices: Vec<Notice>,
}

/// Answer of CheckIn and CloseSession.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CheckedIn {
    /// False: the session had ended before this call.
    pub ended_now: bool,
    /// `None`: the record of the session is no longer kept, or there never was one.
    pub reason: Option<SessionEndReason>,
}

/// Answer of CloseIdleSessions.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct IdleClosed {
    /// The sessions as they were before; at most [`IdleClosed::MAX_SESSIONS`].
    pub sessions: Vec<SessionView>,
    /// Number of sessions that were closed.
    pub count: u64,
}

impl IdleClosed {
    /// Highest number of sessions that the answer lists.
    pub const MAX_SESSIONS: usize = 1_000;
}

/// Answer of one heartbeat.
#[derive(Debug, Clone, PartialEq)]
pub enum HeartbeatResult {
    Kept(Lease),
    /// Reason and time of the end; `None`: the record of the session is no longer kept, or there never was one.
    Ended(Option<(SessionEndReason, WallTime)>),
}

/// Answer of one grant.
#[derive(Debug, Clone, PartialEq)]
pub struct Granted {
    pub decision: Result<SeatView, Denial>,
    pub usage: Option<PoolUsage>,
}

/// Answer of one revocation.
#[derive(Debug, Clone, PartialEq)]
pub struct Revoked {
    /// The seat after the revocation; `None`: the user no longer has one.
    pub seat: Option<SeatView>,
    /// False: there was nothing to revoke.
    pub revoked_now: bool,
    pub usage: PoolUsage,
}
