//! Reasons of denials and of the ends of sessions.

macro_rules! denial_reasons {
    ($($name:ident = $code:literal, $text:literal;)+) => {
        /// Reason of a denial, in the order of the guards. The store and the contract contain the numbers: never change
        /// one.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[repr(u8)]
        pub enum DenialReason {
            $($name = $code,)+
        }

        impl DenialReason {
            pub const ALL: [DenialReason; [$($code),+].len()] = [$(DenialReason::$name),+];

            /// One sentence or two for the user at the login and for the administrator. Programs read the reason.
            #[must_use]
            pub fn text(self) -> &'static str {
                match self {
                    $(DenialReason::$name => $text,)+
                }
            }
        }
    };
}

denial_reasons! {
    TenantNotFound = 1, "This customer is not known: check the tenant id that the application uses.";
    TenantSuspended = 2, "Sign-in is suspended for your whole company. Contact support.";
    ClockSuspect = 3, "The clock of the license server was set back, so no license can be checked. Contact support.";
    LicenseNotYetValid = 4, "The license is not valid yet. Contact your administrator.";
    LicenseExpired = 5, "The license has expired. Contact your administrator.";
    PoolNotLicensed = 6, "The license has no seats of this kind. Contact your administrator.";
    UserNotFound = 7, "This user is not known. Contact your administrator.";
    UserBlocked = 8, "This user is blocked. Contact your administrator.";
    SeatNotGranted = 9, "Organization access restricted. Contact support.";
    SeatOverLimit = 10, "More seats are assigned than the license has, and yours is one of the last. Contact your \
                         administrator.";
    OrganizationAccessOff = 11, "You have no access to this organization. Choose another one, or contact your \
                                 administrator.";
    AlreadySignedIn = 12, "You are signed in on another device. Sign out there first.";
    SeatsExhausted = 13, "All seats are in use. Contact your administrator.";
}

impl DenialReason {
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
    /// Its user moved to a pool that was preferred (R38). 10 is `UNKNOWN` in the contract.
    Moved = 11,
}

impl SessionEndReason {
    pub const ALL: [SessionEndReason; 10] = [
        SessionEndReason::CheckedIn,
        SessionEndReason::LeaseExpired,
        SessionEndReason::MaxDuration,
        SessionEndReason::IdleTimeout,
        SessionEndReason::Closed,
        SessionEndReason::TakenOver,
        SessionEndReason::Reclaimed,
        SessionEndReason::UserDeleted,
        SessionEndReason::TenantRemoved,
        SessionEndReason::Moved,
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
