//! Commands change a ledger's state, queries read it; both are data, so that a test can print, replay and shorten them.

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

/// A command, its tenant or [`TenantId::installation`], and the actor that is recorded in the audit.
#[derive(Debug, Clone)]
pub struct Request {
    pub tenant: TenantId,
    pub actor: Actor,
    pub command: Command,
}

/// Longest heartbeat, in sessions, that is handled in one step.
const MAX_HEARTBEATS_PER_STEP: usize = 200;

impl Command {
    /// True if the caller chooses how much work the command is: it takes several steps, see [`crate::ledger::commands::execution::Execution`].
    #[must_use]
    pub fn takes_steps(&self) -> bool {
        match self {
            Command::Heartbeat(command) => command.heartbeats.len() > MAX_HEARTBEATS_PER_STEP,
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

    /// True if its effects can raise notifications. A question changes nothing (R20); a heartbeat changes memory only.
    pub(in crate::ledger) fn can_notify(&self) -> bool {
        !self.is_question() && !matches!(self, Command::Heartbeat(_))
    }

    /// True for a command that only reports what would happen, and changes nothing (R20, R33).
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

/// Creates a user with a seat in each pool, or creates nothing (R15).
#[derive(Debug, Clone)]
pub struct CreateUser {
    pub user: UserId,
    pub administrator: bool,
    pub profile: Profile,
    pub pools: Vec<PoolId>,
}

/// Change of a user; a field that is `None` stays as it is.
#[derive(Debug, Clone, Default)]
pub struct UserPatch {
    pub administrator: Option<bool>,
    pub given_name: Option<Box<str>>,
    pub family_name: Option<Box<str>>,
    pub groups: Option<Vec<Box<str>>>,
    /// Replaces all attributes.
    pub attributes: Option<Vec<(Box<str>, Box<str>)>>,
    /// Changes only these attributes; an empty value removes the attribute.
    pub some_attributes: Vec<(Box<str>, Box<str>)>,
}

impl UserPatch {
    /// Highest number of attributes of a user.
    pub const MAX_ATTRIBUTES: usize = 50;

    /// Profile of a new user.
    pub(in crate::ledger) fn into_profile(self) -> Profile {
        let attributes = self.attributes_after(&[]).unwrap_or_default();
        Profile {
            given_name: self.given_name.unwrap_or_default(),
            family_name: self.family_name.unwrap_or_default(),
            groups: self.groups.unwrap_or_default(),
            attributes,
        }
    }

    /// The attributes after the patch, sorted by name; `None`: unchanged.
    pub(in crate::ledger) fn attributes_after(
        &self,
        before: &[(Box<str>, Box<str>)],
    ) -> Option<Vec<(Box<str>, Box<str>)>> {
        if self.some_attributes.is_empty() {
            return self.attributes.clone();
        }
        let mut after = self.attributes.clone().unwrap_or_else(|| before.to_vec());
        for (name, value) in &self.some_attributes {
            let at = after.binary_search_by(|(other, _)| other.cmp(name));
            match at {
                // A directory does not distinguish an empty value from a missing one: keep whichever is stored.
                Ok(at) if value.is_empty() && !after[at].1.is_empty() => drop(after.remove(at)),
                Ok(at) => after[at].1.clone_from(value),
                Err(at) if !value.is_empty() => after.insert(at, (name.clone(), value.clone())),
                Err(_) => {}
            }
        }
        Some(after)
    }
}

/// Changes a user. With `version`, the etag, only if it is the user's version.
#[derive(Debug, Clone)]
pub struct UpdateUser {
    pub user: UserId,
    pub version: Option<u64>,
    pub patch: UserPatch,
}

/// Gives a user another id. The person, seats, sessions and history stay (R2).
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

/// Unblocks a user if each named pool of the user's seats has a seat free (R5).
#[derive(Debug, Clone)]
pub struct UnblockUser {
    pub user: UserId,
}

/// Deletes a user and the user's seats, and ends the sessions (R5, R6).
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
    /// Organization for which the status is shown: blank where access is off. `None`: the whole tenant (R23).
    pub organization: Option<OrganizationId>,
}

/// Returns a user's id and former ids, latest first; for an unknown user only the id that was given.
#[derive(Debug, Clone)]
pub struct FormerIds {
    pub user: UserId,
}

#[derive(Debug, Clone)]
pub struct GetUsage;

/// Binds a command or query to the type of its answer, so that no handler checks types.
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
            /// Name of the variant, for logs.
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

/// Converts the answer of any operation to the answer of operation `C`.
pub trait Reply<C: Operation> {
    /// Returns `None` only if the answer belongs to another operation, which is a bug.
    fn into_answer(self) -> Option<C::Answer>;
}

kinds! {
    /// Changes state. Each variant has a file in `src/ledger/`.
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
    /// Reads state. The journal holds an answer back until what it shows is durable.
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
