//! Reasons of denials and of the ends of sessions.

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

/// Reason in an audit event. The store has one small number: a denial's code, or a session end's code plus 100.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reason {
    Denied(DenialReason),
    Ended(SessionEndReason),
}

impl Reason {
    const ENDED: u8 = 100;

    /// Number in the store.
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
