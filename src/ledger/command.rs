//! Everything that can be asked of a ledger. A command changes state, a query reads it; both are data, so
//! that a test can print, replay and shorten them.

mod licenses;
mod lists;
mod notifications;
mod people;
mod sync;
mod tenants;
mod tokens;

pub use licenses::{
    DeleteLicense, DeleteLicenses, DueFetches, FetchLicense, FetchesDue, GetEntitlements, GetLicenseInformation,
    InstallLicense, LicenseFetched, LicenseGrant, ListLicenses, NoteLicenseRequest, RevokeLicense, VendorAnswer,
};
pub use lists::{
    Cursor, ListOrganizations, ListSessions, ListTenants, ListUsers, OrganizationOrder, Page, Period, SessionOrder,
    UserOrder,
};
pub use notifications::{BeginDelivery, DueNotifications, EndDelivery, ListNotifications, RedeliverNotification};
pub use sync::{
    ActivateUsers, ActivatedUsers, BlockUnlisted, BlockedUsers, SyncEntry, SyncUsers, Synced, SyncedUser, SyncedUsers,
    Waiting, WantedSeat, WhatIf, WhenFull,
};
pub use tenants::{CreateTenant, DeleteTenant, PolicyPatch, SuspendTenant, UpdateTenant};
pub use tokens::{AllTokens, CreateToken, ListTokens, NoteTokenUse, RevokeToken, WithdrawTenant};

use super::change::{Actor, Profile};
use super::former_id::FormerId;
use super::license_view::{Entitlements, LicenseChange, LicenseInformation, LicenseView};
use super::notification::{Dispatch, Due, NotificationView};
use super::outcome::{
    CheckedIn, CheckedOut, Denial, Done, Granted, HeartbeatResult, IdleClosed, OrganizationView, PoolUsage, Revoked,
    SessionView, TenantUsage, TenantView, UserView,
};
use super::token::{KnownTokens, TokenView};
use crate::ids::{DeviceId, OrganizationId, PoolId, SessionId, TenantId, Text, TokenId, UserId};

/// A command with its addressee, a tenant or [`TenantId::installation`], and who asks.
#[derive(Debug, Clone)]
pub struct Request {
    pub tenant: TenantId,
    pub actor: Actor,
    pub command: Command,
}

/// Sessions of a heartbeat that is taken in one step.
const BEATS: usize = 200;

impl Command {
    /// Whether its caller chooses how much it does: it takes as many steps as it needs, see [`super::Execution`].
    #[must_use]
    pub fn takes_steps(&self) -> bool {
        match self {
            Command::Heartbeat(command) => command.beats.len() > BEATS,
            Command::GrantSeats(_)
            | Command::RevokeSeats(_)
            | Command::CloseIdle(_)
            | Command::SyncUsers(_)
            | Command::ActivateUsers(_)
            | Command::BlockUnlisted(_)
            | Command::DeleteLicenses(_)
            | Command::DeleteOrganization(_)
            | Command::BlockUser(_)
            | Command::DeleteUser(_)
            | Command::UpdateTenant(_) => true,
            _ => false,
        }
    }

    /// Whether what it moved is to be told to anybody. A question changes nothing (R20), and heartbeats are memory only.
    pub(super) fn looks(&self) -> bool {
        !self.is_question() && !matches!(self, Command::Heartbeat(_))
    }

    /// Asks what would be, and changes nothing (R20, R33).
    #[must_use]
    pub fn is_question(&self) -> bool {
        match self {
            Command::CheckOut(command) => command.check_only,
            Command::SyncUsers(command) => command.what_if.is_some(),
            Command::ActivateUsers(command) => command.what_if.is_some(),
            Command::BlockUnlisted(command) => command.what_if.is_some(),
            _ => false,
        }
    }
}

/// Takes a session's seat at login.
#[derive(Debug, Clone)]
pub struct CheckOut {
    pub pool: PoolId,
    pub user: UserId,
    pub device: DeviceId,
    pub organization: Option<OrganizationId>,
    pub client: Text,
    pub check_only: bool,
    /// A fresh random id, used if a new session starts.
    pub fresh: SessionId,
}

/// Returns a session's seat at logout.
#[derive(Debug, Clone)]
pub struct CheckIn {
    pub session: SessionId,
}

/// Keeps sessions: for each, whether the user did something (R22). Answers in the same order.
#[derive(Debug, Clone)]
pub struct Heartbeat {
    pub beats: Vec<(SessionId, bool)>,
}

/// Gives users seats in pools; unknown users are created. One answer per pair, pools outermost.
#[derive(Debug, Clone)]
pub struct GrantSeats {
    pub pools: Vec<PoolId>,
    pub users: Vec<UserId>,
    /// None named: all of the tenant (R7).
    pub organizations: Vec<OrganizationId>,
}

/// Takes users' seats, or access to some organizations. One answer per pair, pools outermost.
#[derive(Debug, Clone)]
pub struct RevokeSeats {
    pub pools: Vec<PoolId>,
    pub users: Vec<UserId>,
    /// None named: the whole seat.
    pub organizations: Vec<OrganizationId>,
    pub end_sessions: bool,
}

/// An administrator closes a session (R26).
#[derive(Debug, Clone)]
pub struct CloseSession {
    pub session: SessionId,
    pub force: bool,
    /// The caller's own session and user: nobody closes their own from the list.
    pub own_session: Option<SessionId>,
    pub own_user: Option<UserId>,
}

/// Ends exactly the sessions of Idle users (R26).
#[derive(Debug, Clone)]
pub struct CloseIdle {
    pub pool: Option<PoolId>,
    pub own_user: Option<UserId>,
}

/// Creates a user with a seat in each pool, or nothing at all (R15).
#[derive(Debug, Clone)]
pub struct CreateUser {
    pub user: UserId,
    pub administrator: bool,
    pub profile: Profile,
    pub pools: Vec<PoolId>,
}

/// `None`: stays as it is.
#[derive(Debug, Clone, Default)]
pub struct UserPatch {
    pub administrator: Option<bool>,
    pub given_name: Option<Box<str>>,
    pub family_name: Option<Box<str>>,
    pub groups: Option<Vec<Box<str>>>,
    /// All of them.
    pub attributes: Option<Vec<(Box<str>, Box<str>)>>,
    /// Of the attributes only these; one without a value is taken away.
    pub some_attributes: Vec<(Box<str>, Box<str>)>,
}

impl UserPatch {
    /// Attributes of a user, at most.
    pub const MAX_ATTRIBUTES: usize = 50;

    /// The profile of a user who has none yet.
    pub(super) fn into_profile(self) -> Profile {
        let attributes = self.attributes_after(&[]).unwrap_or_default();
        Profile {
            given_name: self.given_name.unwrap_or_default(),
            family_name: self.family_name.unwrap_or_default(),
            groups: self.groups.unwrap_or_default(),
            attributes,
        }
    }

    /// What becomes of these attributes, sorted by their names; `None`: they stay.
    pub(super) fn attributes_after(&self, before: &[(Box<str>, Box<str>)]) -> Option<Vec<(Box<str>, Box<str>)>> {
        if self.some_attributes.is_empty() {
            return self.attributes.clone();
        }
        let mut after = self.attributes.clone().unwrap_or_else(|| before.to_vec());
        for (name, value) in &self.some_attributes {
            let at = after.binary_search_by(|(other, _)| other.cmp(name));
            match at {
                // To a directory, one without a value and one that is not there are the same: neither becomes the other.
                Ok(at) if value.is_empty() && !after[at].1.is_empty() => drop(after.remove(at)),
                Ok(at) => after[at].1.clone_from(value),
                Err(at) if !value.is_empty() => after.insert(at, (name.clone(), value.clone())),
                Err(_) => {}
            }
        }
        Some(after)
    }
}

#[derive(Debug, Clone)]
pub struct UpdateUser {
    pub user: UserId,
    pub version: Option<u64>,
    pub patch: UserPatch,
}

/// Gives a user another id: the person, seats, sessions and history stay (R2).
#[derive(Debug, Clone)]
pub struct RenameUser {
    pub user: UserId,
    pub new: UserId,
}

/// Blocks a user (R5, R6).
#[derive(Debug, Clone)]
pub struct BlockUser {
    pub user: UserId,
    pub end_sessions: bool,
}

/// Unblocks a user if each named pool of the user's seats has room (R5).
#[derive(Debug, Clone)]
pub struct UnblockUser {
    pub user: UserId,
}

/// Deletes a user, the seats, and ends the sessions (R5, R6).
#[derive(Debug, Clone)]
pub struct DeleteUser {
    pub user: UserId,
}

#[derive(Debug, Clone)]
pub struct CreateOrganization {
    pub organization: OrganizationId,
    pub display_name: Box<str>,
}

#[derive(Debug, Clone)]
pub struct UpdateOrganization {
    pub organization: OrganizationId,
    pub version: Option<u64>,
    pub display_name: Option<Box<str>>,
}

#[derive(Debug, Clone)]
pub struct DeleteOrganization {
    pub organization: OrganizationId,
}

#[derive(Debug, Clone)]
pub struct GetTenant;

#[derive(Debug, Clone)]
pub struct GetUser {
    pub user: UserId,
    /// In which the status is read: blank where access is off. `None`: the whole tenant (R23).
    pub organization: Option<OrganizationId>,
}

/// The id that a user has, and those that the user had before, the latest first; of one who is not there the id asked for.
#[derive(Debug, Clone)]
pub struct FormerIds {
    pub user: UserId,
}

#[derive(Debug, Clone)]
pub struct GetUsage;

/// Ties a command or query to the type of its answer: one line per command, no handler has to guess.
pub trait Operation: Into<Self::Kind> {
    /// [`Command`] or [`Query`].
    type Kind;
    type Answer;
}

macro_rules! kinds {
    ($(#[$doc:meta])* $kind:ident -> $(#[$odoc:meta])* $reply:ident { $($name:ident -> $answer:ty),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone)]
        pub enum $kind {
            $($name($name),)+
        }

        impl $kind {
            /// Its name, for the log.
            #[must_use]
            pub fn name(&self) -> &'static str {
                match self {
                    $($kind::$name(_) => stringify!($name),)+
                }
            }
        }

        $(#[$odoc])*
        #[derive(Debug, Clone, PartialEq)]
        pub enum $reply {
            $($name($answer),)+
        }

        $(
            impl From<$name> for $kind {
                fn from(operation: $name) -> Self {
                    $kind::$name(operation)
                }
            }

            impl Operation for $name {
                type Kind = $kind;
                type Answer = $answer;
            }

            impl Reply<$name> for $reply {
                fn into_answer(self) -> Option<$answer> {
                    match self {
                        $reply::$name(answer) => Some(answer),
                        _ => None,
                    }
                }
            }
        )+
    };
}

/// Turns the answer of any command back into the answer of command `C`.
pub trait Reply<C: Operation> {
    /// `None` only if another command's answer came back, which is a bug.
    fn into_answer(self) -> Option<C::Answer>;
}

kinds! {
    /// Changes state. One file of this folder for each.
    Command -> /** What a command answered. */ Outcome {
        CheckOut -> Done<CheckedOut>,
        CheckIn -> CheckedIn,
        Heartbeat -> Vec<HeartbeatResult>,
        GrantSeats -> Vec<Done<Granted>>,
        RevokeSeats -> Vec<Done<Revoked>>,
        CloseSession -> Done<CheckedIn>,
        CloseIdle -> Done<IdleClosed>,
        CreateTenant -> Done<TenantView>,
        UpdateTenant -> Done<TenantView>,
        SuspendTenant -> Done<TenantView>,
        DeleteTenant -> Done<()>,
        CreateUser -> Done<(Result<UserView, Denial>, Vec<PoolUsage>)>,
        UpdateUser -> Done<UserView>,
        RenameUser -> Done<UserView>,
        BlockUser -> Done<UserView>,
        UnblockUser -> Done<(Result<UserView, Denial>, Vec<PoolUsage>)>,
        DeleteUser -> Done<()>,
        SyncUsers -> Done<SyncedUsers>,
        ActivateUsers -> Done<ActivatedUsers>,
        BlockUnlisted -> Done<BlockedUsers>,
        CreateOrganization -> Done<OrganizationView>,
        UpdateOrganization -> Done<OrganizationView>,
        DeleteOrganization -> Done<()>,
        InstallLicense -> Done<LicenseChange>,
        DeleteLicense -> Done<LicenseChange>,
        DeleteLicenses -> Done<LicenseChange>,
        RevokeLicense -> Done<LicenseChange>,
        FetchLicense -> Done<LicenseFetched>,
        NoteLicenseRequest -> Done<()>,
        BeginDelivery -> Done<Option<Dispatch>>,
        EndDelivery -> Done<()>,
        RedeliverNotification -> Done<NotificationView>,
        CreateToken -> Done<TokenView>,
        RevokeToken -> Done<TokenView>,
        NoteTokenUse -> (),
        WithdrawTenant -> Option<TokenId>,
    }
}

kinds! {
    /// Reads state, never an outcome that is not durable: the journal holds the answer back until it is.
    Query -> /** What a query answered. */ QueryResult {
        ListSessions -> Done<Page<SessionView>>,
        ListUsers -> Done<Page<UserView>>,
        ListOrganizations -> Done<Page<OrganizationView>>,
        ListLicenses -> Done<Page<LicenseView>>,
        GetLicenseInformation -> Done<LicenseInformation>,
        GetEntitlements -> Done<Entitlements>,
        ListTenants -> Page<TenantView>,
        GetTenant -> Done<TenantView>,
        GetUser -> Done<UserView>,
        FormerIds -> Done<(UserId, Vec<FormerId>)>,
        GetUsage -> Done<TenantUsage>,
        ListNotifications -> Done<Page<NotificationView>>,
        DueNotifications -> Vec<Due>,
        DueFetches -> FetchesDue,
        ListTokens -> Page<TokenView>,
        AllTokens -> KnownTokens,
    }
}
