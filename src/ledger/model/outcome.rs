//! Answers of commands. A denial is a decision (R19); a refusal names the rule that stands in the way of an
//! administrator's command.

mod usage;

use std::time::Duration;

pub use usage::{PoolUsage, TenantUsage, UserTotals};

use super::change::{Access, BlockCause, Profile, TenantState};
use super::policy::Policy;
use super::time::WallTime;
use crate::error_reason::ErrorReason;
use crate::ids::{DeviceId, OrganizationId, PoolId, SessionId, TenantId, Text, UserId};

/// Reason of a denial, in the order of the guards. The store contains the numbers: never change one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum DenialReason {
    TenantNotFound = 1,
    TenantSuspended = 2,
    ClockSuspect = 3,
    LicenseNotYetValid = 4,
    LicenseExpired = 5,
    PoolNotLicensed = 6,
    UserNotFound = 7,
    UserBlocked = 8,
    SeatNotGranted = 9,
    SeatOverLimit = 10,
    OrganizationAccessOff = 11,
    AlreadySignedIn = 12,
    SeatsExhausted = 13,
}

impl DenialReason {
    pub const ALL: [DenialReason; 13] = [
        DenialReason::TenantNotFound,
        DenialReason::TenantSuspended,
        DenialReason::ClockSuspect,
        DenialReason::LicenseNotYetValid,
        DenialReason::LicenseExpired,
        DenialReason::PoolNotLicensed,
        DenialReason::UserNotFound,
        DenialReason::UserBlocked,
        DenialReason::SeatNotGranted,
        DenialReason::SeatOverLimit,
        DenialReason::OrganizationAccessOff,
        DenialReason::AlreadySignedIn,
        DenialReason::SeatsExhausted,
    ];

    #[must_use]
    pub fn code(self) -> u8 {
        self as u8
    }

    #[must_use]
    pub fn from_code(code: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.code() == code)
    }
}

/// Reason of a session's end (R24). The store contains the numbers: never change one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum SessionEndReason {
    CheckedIn = 1,
    LeaseExpired = 2,
    MaxDuration = 3,
    IdleTimeout = 4,
    Closed = 5,
    TakenOver = 6,
    Reclaimed = 7,
    UserDeleted = 8,
    TenantRemoved = 9,
}

impl SessionEndReason {
    pub const ALL: [SessionEndReason; 9] = [
        SessionEndReason::CheckedIn,
        SessionEndReason::LeaseExpired,
        SessionEndReason::MaxDuration,
        SessionEndReason::IdleTimeout,
        SessionEndReason::Closed,
        SessionEndReason::TakenOver,
        SessionEndReason::Reclaimed,
        SessionEndReason::UserDeleted,
        SessionEndReason::TenantRemoved,
    ];

    #[must_use]
    pub fn code(self) -> u8 {
        self as u8
    }

    #[must_use]
    pub fn from_code(code: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.code() == code)
    }
}

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
}

impl Denial {
    /// Own sessions that a denial lists: enough for people, and little compared with a login.
    pub const MAX_OWN_SESSIONS: usize = 20;

    #[must_use]
    pub fn because(reason: DenialReason) -> Self {
        Self { reason, retry_after: None, own_sessions: Vec::new(), own_session_count: 0 }
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

/// A rule, or a missing resource, that stands in the way of a command. Nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// `kind` is the resource's name in the API ("user"), `id` the caller's own.
    NotFound {
        kind: &'static str,
        id: String,
    },
    AlreadyExists {
        kind: &'static str,
        id: String,
    },
    /// A value that contradicts the others; `field` is its path in the message.
    Invalid {
        field: &'static str,
        text: &'static str,
    },
    /// `reason` is for programs, `subject` names the thing, `text` explains it.
    Precondition {
        reason: ErrorReason,
        subject: String,
        text: String,
    },
    /// The resource changed since the caller read it.
    StaleEtag,
    /// A rate is exceeded, and nothing was decided. `retry`: time until one more is accepted.
    TooOften {
        text: String,
        retry: Duration,
    },
}

impl Refusal {
    pub(in crate::ledger) fn not_found(kind: &'static str, id: impl ToString) -> Self {
        Refusal::NotFound { kind, id: id.to_string() }
    }

    pub(in crate::ledger) fn exists(kind: &'static str, id: impl ToString) -> Self {
        Refusal::AlreadyExists { kind, id: id.to_string() }
    }
}

/// Answer of a command that can be refused.
pub type Done<T> = Result<T, Refusal>;

/// Organizations of a seat as ids, sorted: the first `max` of them. `None`: all of the tenant.
#[must_use]
pub(in crate::ledger) fn access_ids(
    access: &Access,
    max: usize,
    name: impl Fn(crate::ids::OrganizationNo) -> Option<OrganizationId>,
) -> Option<Vec<OrganizationId>> {
    match access {
        Access::All => None,
        Access::Only(list) => {
            let mut ids: Vec<_> = list.iter().filter_map(|no| name(*no)).collect();
            if ids.len() > max {
                ids.select_nth_unstable(max);
                ids.truncate(max);
            }
            ids.sort_unstable();
            Some(ids)
        }
    }
}
