//! Effects of commands as data: absolute states of rows. Applying a change twice is harmless.

mod bytes;
mod keys;

use std::time::Duration;

pub use super::actor::Actor;
pub use super::block_cause::BlockCause;
use super::former_id::FormerId;
use super::license::LicenseRow;
use super::license_fetch::LicenseFetch;
use super::license_floors::LicenseFloor;
pub use super::limit::Limit;
use super::notification::{NotificationRow, Topic};
pub use super::plan::Plan;
use super::policy::Policy;
pub use super::profile::Profile;
pub use super::reason::Reason;
use super::reason::SessionEndReason;
pub use super::seat_access::Access;
pub use super::tenant_state::TenantState;
use super::time::{Tick, WallTime};
use super::token::TokenRow;
use crate::ids::{
    DeviceId, EventNo, LicenseId, OrganizationId, OrganizationNo, PoolId, PoolNo, SessionId, SessionNo, TenantId,
    TenantNo, Text, TokenId, UserId, UserNo,
};

/// New state of one row, or the deletion of one row. The store has exactly one row for each key. If a batch has several
/// changes of one key, the last one counts.
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
    /// Belongs to a tenant id, and outlives the tenant.
    PutLicenseFloor(LicenseFloor),
}

/// Effects of one command, or of a batch of commands.
#[derive(Debug, Default)]
pub struct Changes {
    pub rows: Vec<Change>,
    /// Audit events, ordered by number. If a number occurs twice, the last event counts (R21).
    pub events: Vec<AuditEvent>,
}

impl Changes {
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty() && self.events.is_empty()
    }
}

/// Row of a tenant.
#[derive(Debug, Clone, PartialEq, Hash)]
pub struct TenantRow {
    pub no: TenantNo,
    pub id: TenantId,
    pub display_name: Box<str>,
    pub contact: Box<str>,
    pub state: TenantState,
    pub policy: Policy,
    pub created: Tick,
    /// Incremented by every update; the etag.
    pub version: u64,
    /// Last fetch of a license from the vendor's folder; `None`: there was none.
    pub license_fetch: Option<LicenseFetch>,
}

/// Row of a pool. Pools are never deleted.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct PoolRow {
    pub tenant: TenantNo,
    pub no: PoolNo,
    pub id: PoolId,
}

/// Row of an organization.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct OrganizationRow {
    pub tenant: TenantNo,
    pub no: OrganizationNo,
    pub id: OrganizationId,
    pub display_name: Box<str>,
    pub created: Tick,
    pub version: u64,
}

/// Row of a user.
#[derive(Debug, Clone, PartialEq, Hash)]
pub struct UserRow {
    pub tenant: TenantNo,
    pub no: UserNo,
    pub id: UserId,
    pub administrator: bool,
    /// `Some`: blocked (R5).
    pub blocked: Option<BlockCause>,
    pub profile: Profile,
    /// Former ids; the latest is last.
    pub former: Box<[FormerId]>,
    pub created: Tick,
    pub version: u64,
}

/// Row of a seat.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SeatRow {
    pub tenant: TenantNo,
    pub user: UserNo,
    pub pool: PoolNo,
    pub granted: Tick,
    /// Number of the audit event of the grant: seats granted last are over the limit first (R14).
    pub order: EventNo,
    pub access: Access,
}

/// Row of a session, live or ended.
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
    /// Counts in no pool (R11). Determined when the session started.
    pub exempt: bool,
    pub started: Tick,
    /// The user's last sign-in in any session, when this row was written. The latest of the user's rows counts (R9).
    pub signed_in: Tick,
    pub last_activity: Tick,
    /// Lease last promised; 0: none. A load grants it in full, and a grace in addition (R24).
    pub lease_ttl: Duration,
    /// `Some`: the client was last heard at this time, and not for half of its lease since. `None`: it was heard later, or
    /// half of its lease has not passed (C15).
    pub silent_since: Option<Tick>,
    /// Time and reason of the end; `None`: live.
    pub ended: Option<(Tick, SessionEndReason)>,
}

/// Kind of change or denial that an audit event records (R35). The store contains the numbers: never change one.
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

    /// Number in the store.
    #[must_use]
    pub fn code(self) -> u8 {
        self as u8
    }

    #[must_use]
    pub fn from_code(code: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|action| action.code() == code)
    }
}

/// Audit event (R35): time, actor, tenant, subject, action, outcome, reason. The outcome is a denial exactly if
/// `reason` is `Some(Denied)`.
#[derive(Debug, Clone, PartialEq, Hash)]
pub struct AuditEvent {
    pub no: EventNo,
    pub tenant: TenantNo,
    pub at: WallTime,
    /// Principal that made the request, or the service.
    pub actor: Actor,
    pub action: Action,
    pub reason: Option<Reason>,
    pub user: Option<UserId>,
    pub pool: Option<PoolId>,
    pub session: Option<SessionId>,
    pub organization: Option<OrganizationId>,
    /// Number of identical denials that this event counts (R21); 1 for every other event.
    pub count: u32,
    /// Text of what changed; empty if the other fields say everything.
    pub detail: Box<str>,
}
