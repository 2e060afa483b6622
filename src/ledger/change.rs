//! What a command did, as data: absolute states of rows. Applying a change twice is harmless.

mod bytes;

use std::sync::Arc;
use std::time::Duration;

use super::former_id::FormerId;
use super::license::LicenseRow;
use super::license_fetch::LicenseFetch;
use super::license_floors::LicenseFloor;
pub use super::limit::Limit;
use super::notification::{NotificationRow, Topic};
use super::outcome::{DenialReason, SessionEndReason};
use super::policy::Policy;
use super::time::{Tick, Wall};
use super::token::TokenRow;
use crate::ids::{
    DeviceId, EventNo, LicenseId, OrganizationId, OrganizationNo, PoolId, PoolNo, SessionId, TenantId, TenantNo, Text,
    TokenId, UserId, UserNo,
};

/// One row's new state, or the deletion of one row. The store keeps exactly one row per key;
/// of several changes of one key in a batch the last one counts.
#[derive(Debug, Clone, PartialEq, Hash)]
pub enum Change {
    PutTenant(TenantRow),
    /// Deletes the tenant and every row under its number, the audit excepted.
    DeleteTenant(TenantNo),
    PutLicense(LicenseRow),
    DeleteLicense(TenantNo, LicenseId, u64),
    PutPool(PoolRow),
    PutOrganization(OrganizationRow),
    DeleteOrganization(TenantNo, OrganizationNo),
    PutUser(UserRow),
    DeleteUser(TenantNo, UserNo),
    PutSeat(SeatRow),
    DeleteSeat(TenantNo, UserNo, PoolNo),
    PutSession(SessionRow),
    DeleteSession(TenantNo, UserNo, SessionNo),
    PutNotification(NotificationRow),
    DeleteNotification(TenantNo, Topic),
    PutToken(TokenRow),
    DeleteToken(TokenId),
    /// Of a tenant id, not of a tenant.
    PutLicenseFloor(LicenseFloor),
}

/// What one command, or a batch of them, did.
#[derive(Debug, Default)]
pub struct Changes {
    pub rows: Vec<Change>,
    /// Audit events, in the order of their numbers; a number may stand twice, the last one counts (R21).
    pub events: Vec<AuditEvent>,
}

impl Changes {
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty() && self.events.is_empty()
    }
}

/// A user's place for a session: the row of an ended session keeps its reason until the place is used
/// again, so a user has a few rows for ever instead of one a login (R9, R24).
pub type SessionNo = u16;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub enum TenantState {
    #[default]
    Active,
    Suspended,
    /// To everybody it is not there; its rows are being deleted.
    Deleted,
}

#[derive(Debug, Clone, PartialEq, Hash)]
pub struct TenantRow {
    pub no: TenantNo,
    pub id: TenantId,
    pub display_name: Box<str>,
    pub contact: Box<str>,
    pub state: TenantState,
    pub policy: Policy,
    pub created: Tick,
    /// Grows with every update: the etag.
    pub version: u64,
    /// The last look for a license at the vendor's; `None`: nobody ever looked.
    pub license_fetch: Option<LicenseFetch>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Plan {
    /// A granted seat counts (R10).
    Named,
    /// A live session counts (R11).
    Concurrent,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct PoolRow {
    pub tenant: TenantNo,
    pub no: PoolNo,
    pub id: PoolId,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct OrganizationRow {
    pub tenant: TenantNo,
    pub no: OrganizationNo,
    pub id: OrganizationId,
    pub display_name: Box<str>,
    pub created: Tick,
    pub version: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum BlockCause {
    Administrator,
    /// No seat was free when the directory sync created the user (R33).
    LicenseLimit,
    /// A sync of the whole directory did not list the user (R33).
    Directory,
}

/// What is known about a person beside the id. Only for people and filters; nothing is decided by it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Profile {
    pub given_name: Box<str>,
    pub family_name: Box<str>,
    pub groups: Vec<Box<str>>,
    /// Sorted by key, each key once.
    pub attributes: Vec<(Box<str>, Box<str>)>,
}

impl Profile {
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

#[derive(Debug, Clone, PartialEq, Hash)]
pub struct UserRow {
    pub tenant: TenantNo,
    pub no: UserNo,
    pub id: UserId,
    pub administrator: bool,
    /// `Some`: blocked (R5).
    pub blocked: Option<BlockCause>,
    pub profile: Profile,
    /// The latest last.
    pub former: Box<[FormerId]>,
    pub created: Tick,
    pub version: u64,
}

/// To which organizations a seat gives access (R7).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Access {
    /// All of the tenant, which may have no organization at all.
    All,
    /// Only these; sorted, each once, at least one.
    Only(Vec<OrganizationNo>),
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SeatRow {
    pub tenant: TenantNo,
    pub user: UserNo,
    pub pool: PoolNo,
    pub granted: Tick,
    /// The grant's audit event: seats granted last are over the limit first (R14).
    pub order: EventNo,
    pub access: Access,
}

#[derive(Debug, Clone, PartialEq, Hash)]
pub struct SessionRow {
    pub tenant: TenantNo,
    pub user: UserNo,
    pub no: SessionNo,
    pub id: SessionId,
    pub pool: PoolNo,
    pub organization: Option<OrganizationNo>,
    pub device: DeviceId,
    pub client: Text,
    pub administrator: bool,
    /// Counts nowhere (R11): decided when the session started.
    pub exempt: bool,
    pub started: Tick,
    /// When its user last signed in, here or elsewhere, as of this writing: the latest of the user's rows counts (R9).
    pub signed_in: Tick,
    pub last_activity: Tick,
    /// The lease last promised; zero: none. A load grants it in full, and a grace on top.
    pub lease_ttl: Duration,
    /// `None`: live.
    pub ended: Option<(Tick, SessionEndReason)>,
}

/// What an audit event is about (R35). The numbers are in the store: never change one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Action {
    SessionStarted = 1,
    SessionRenewed = 2,
    SessionEnded = 3,
    CheckOutDenied = 4,
    SeatGranted = 10,
    SeatRevoked = 11,
    UserCreated = 20,
    UserUpdated = 21,
    UserBlocked = 22,
    UserUnblocked = 23,
    UserDeleted = 24,
    UserRenamed = 25,
    OrganizationCreated = 30,
    OrganizationUpdated = 31,
    OrganizationDeleted = 32,
    TenantCreated = 40,
    TenantUpdated = 41,
    TenantSuspended = 42,
    TenantResumed = 43,
    TenantDeleted = 44,
    LicenseInstalled = 50,
    LicenseDeleted = 51,
    LicenseRevoked = 52,
    LicenseFetched = 53,
    LicenseRequestSent = 54,
    LicenseRequestFailed = 55,
    NotificationRaised = 60,
    NotificationCleared = 61,
    NotificationDelivered = 62,
    NotificationFailed = 63,
    NotificationRedelivered = 64,
    TokenCreated = 70,
    TokenRevoked = 71,
    TokenDeleted = 72,
    TokenUpdated = 73,
}

impl Action {
    pub const ALL: [Action; 35] = [
        Action::SessionStarted,
        Action::SessionRenewed,
        Action::SessionEnded,
        Action::CheckOutDenied,
        Action::SeatGranted,
        Action::SeatRevoked,
        Action::UserCreated,
        Action::UserUpdated,
        Action::UserBlocked,
        Action::UserUnblocked,
        Action::UserDeleted,
        Action::UserRenamed,
        Action::OrganizationCreated,
        Action::OrganizationUpdated,
        Action::OrganizationDeleted,
        Action::TenantCreated,
        Action::TenantUpdated,
        Action::TenantSuspended,
        Action::TenantResumed,
        Action::TenantDeleted,
        Action::LicenseInstalled,
        Action::LicenseDeleted,
        Action::LicenseRevoked,
        Action::LicenseFetched,
        Action::LicenseRequestSent,
        Action::LicenseRequestFailed,
        Action::NotificationRaised,
        Action::NotificationCleared,
        Action::NotificationDelivered,
        Action::NotificationFailed,
        Action::NotificationRedelivered,
        Action::TokenCreated,
        Action::TokenRevoked,
        Action::TokenDeleted,
        Action::TokenUpdated,
    ];

    #[must_use]
    pub fn code(self) -> u8 {
        self as u8
    }

    #[must_use]
    pub fn from_code(code: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|action| action.code() == code)
    }
}

/// Why, in an audit event. Stored as one small number: ends of sessions stand above 100.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reason {
    Denied(DenialReason),
    Ended(SessionEndReason),
}

impl Reason {
    const ENDED: u8 = 100;

    #[must_use]
    pub fn code(self) -> u8 {
        match self {
            Reason::Denied(reason) => reason.code(),
            Reason::Ended(reason) => Self::ENDED + reason.code(),
        }
    }

    #[must_use]
    pub fn from_code(code: u8) -> Option<Self> {
        if code > Self::ENDED {
            SessionEndReason::from_code(code - Self::ENDED).map(Reason::Ended)
        } else {
            DenialReason::from_code(code).map(Reason::Denied)
        }
    }
}

/// One audit event (R35): when, who asked, tenant, subject, what, outcome, reason.
/// `reason` is `Some(Denied)` exactly when the outcome is a denial.
#[derive(Debug, Clone, PartialEq, Hash)]
pub struct AuditEvent {
    pub no: EventNo,
    pub tenant: TenantNo,
    pub at: Wall,
    /// Who asked.
    pub actor: Actor,
    pub action: Action,
    pub reason: Option<Reason>,
    pub user: Option<UserId>,
    pub pool: Option<PoolId>,
    pub session: Option<SessionId>,
    pub organization: Option<OrganizationId>,
    /// How many identical denials this event stands for (R21); 1 for everything else.
    pub count: u32,
    /// What changed, in words; empty where the other fields say it all.
    pub detail: Box<str>,
}

/// Who asks for a command: a principal's name, or the service itself.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Actor(pub Arc<str>);

const SERVICE: &str = "usher";

impl Actor {
    /// The service's own acts: leases that run out, the demo tenant.
    #[must_use]
    pub fn service() -> Self {
        Actor(SERVICE.into())
    }

    /// Whether nobody asked: see [`Self::service`].
    #[must_use]
    pub fn is_service(&self) -> bool {
        &*self.0 == SERVICE
    }
}
