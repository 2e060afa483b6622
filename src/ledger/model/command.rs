//! Commands change a ledger's state, queries read it; both are data, so that a test can print, replay and shorten them.

mod licenses;
mod lists;
mod notifications;
mod organizations;
mod seats;
mod sessions;
mod sync;
mod tenants;
mod tokens;
mod users;

pub use licenses::{
    DeleteLicense, DeleteLicenses, DueFetches, FetchLicense, FetchesDue, GetEntitlements, GetLicenseInformation,
    InstallLicense, LicenseFetched, LicenseGrant, ListLicenses, NoteLicenseRequest, RevokeLicense, VendorAnswer,
};
pub use lists::{
    Cursor, ListOrganizations, ListSessions, ListTenants, ListUsers, OrganizationOrder, Page, Period, SessionOrder,
    UserOrder,
};
pub use notifications::{BeginDelivery, DueNotifications, EndDelivery, ListNotifications, RedeliverNotification};
pub use organizations::{CreateOrganization, DeleteOrganization, UpdateOrganization};
pub use seats::{GrantSeats, RevokeSeats};
pub use sessions::{CheckIn, CheckOut, CloseIdle, CloseSession, Heartbeat};
pub use sync::{
    ActivateUsers, ActivatedUsers, BlockUnlisted, BlockedUsers, SyncEntry, SyncUsers, Synced, SyncedUser, SyncedUsers,
    Waiting, WantedSeat, WhatIf, WhenFull,
};
pub use tenants::{CreateTenant, DeleteTenant, GetTenant, GetUsage, PolicyPatch, SuspendTenant, UpdateTenant};
pub use tokens::{AllTokens, CreateToken, ListTokens, NoteTokenUse, RevokeToken, WithdrawTenant};
pub use users::{
    BlockUser, CreateUser, DeleteUser, FormerIds, GetUser, RenameUser, UnblockUser, UpdateUser, UserPatch,
};

use super::actor::Actor;
use super::former_id::FormerId;
use super::license_view::{Entitlements, LicenseChange, LicenseInformation, LicenseView};
use super::notification::{Dispatch, Due, NotificationView};
use super::outcome::{
    CheckedIn, CheckedOut, Denial, Done, Granted, HeartbeatResult, IdleClosed, OrganizationView, PoolUsage, Revoked,
    SessionView, TenantUsage, TenantView, UserView,
};
use super::token::{KnownTokens, TokenView};
use crate::ids::{TenantId, TokenId, UserId};

/// A command, its tenant or [`TenantId::installation`], and the actor that is recorded in the audit.
#[derive(Debug, Clone)]
pub struct Request {
    pub tenant: TenantId,
    pub actor: Actor,
    pub command: Command,
}

/// Binds a command or query to the type of its answer, so that no handler checks types.
pub trait Operation: Into<Self::Kind> {
    /// [`Command`] or [`Query`].
    type Kind;
    type Answer;
}

/// Converts the answer of any operation to the answer of operation `C`.
pub trait Reply<C: Operation> {
    /// Returns `None` only if the answer belongs to another operation, which is a bug.
    fn into_answer(self) -> Option<C::Answer>;
}

/// Defines an enum of operations and the enum of their answers.
macro_rules! kinds {
    ($(#[$doc:meta])* $kind:ident -> $(#[$odoc:meta])* $reply:ident { $($name:ident -> $answer:ty;)+ }) => {
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

/// The table of commands: the answer of each, and whether the admin log has it when it was carried out. All that
/// differs between commands comes from this table, and from the traits that each implements in its own file.
///
/// - `installation`: the ledger decides, in one step;
/// - `tenant`: decided in a tenant, in one step;
/// - `steps`: decided in a tenant, in several steps;
/// - `either`: in one step or in several, as its length requires.
///
/// The admin log has no logins, no heartbeats, no steps of a directory sync, which logs itself as a whole, and nothing
/// that the service does by itself.
macro_rules! commands {
    ($define:ident) => {
        $define! {
            installation {
                CreateTenant -> Done<TenantView>, logged if Result::is_ok;
                DeleteTenant -> Done<()>, logged if Result::is_ok;
                CreateToken -> Done<TokenView>, logged if Result::is_ok;
                RevokeToken -> Done<TokenView>, logged if Result::is_ok;
                NoteTokenUse -> ();
                WithdrawTenant -> Option<TokenId>;
            }
            tenant {
                CheckOut -> Done<CheckedOut>;
                CheckIn -> CheckedIn;
                CloseSession -> Done<CheckedIn>, logged if Result::is_ok;
                SuspendTenant -> Done<TenantView>, logged if Result::is_ok;
                CreateUser -> Done<(Result<UserView, Denial>, Vec<PoolUsage>)>, logged if is_user;
                UpdateUser -> Done<UserView>, logged if Result::is_ok;
                RenameUser -> Done<UserView>, logged if Result::is_ok;
                UnblockUser -> Done<(Result<UserView, Denial>, Vec<PoolUsage>)>, logged if is_user;
                CreateOrganization -> Done<OrganizationView>, logged if Result::is_ok;
                UpdateOrganization -> Done<OrganizationView>, logged if Result::is_ok;
                InstallLicense -> Done<LicenseChange>, logged if Result::is_ok;
                DeleteLicense -> Done<LicenseChange>, logged if Result::is_ok;
                RevokeLicense -> Done<LicenseChange>, logged if Result::is_ok;
                FetchLicense -> Done<LicenseFetched>, logged if Result::is_ok;
                NoteLicenseRequest -> Done<()>, logged if Result::is_ok;
                BeginDelivery -> Done<Option<Dispatch>>;
                EndDelivery -> Done<()>;
                RedeliverNotification -> Done<NotificationView>, logged if Result::is_ok;
            }
            steps {
                GrantSeats -> Vec<Done<Granted>>, logged if |answers| grants_any(answers);
                RevokeSeats -> Vec<Done<Revoked>>, logged if |answers| revokes_any(answers);
                CloseIdle -> Done<IdleClosed>, logged if Result::is_ok;
                UpdateTenant -> Done<TenantView>, logged if Result::is_ok;
                BlockUser -> Done<UserView>, logged if Result::is_ok;
                DeleteUser -> Done<()>, logged if Result::is_ok;
                SyncUsers -> Done<SyncedUsers>;
                ActivateUsers -> Done<ActivatedUsers>;
                BlockUnlisted -> Done<BlockedUsers>;
                DeleteOrganization -> Done<()>, logged if Result::is_ok;
                DeleteLicenses -> Done<LicenseChange>, logged if Result::is_ok;
            }
            either {
                Heartbeat -> Vec<HeartbeatResult>;
            }
        }
    };
}
pub(in crate::ledger) use commands;

macro_rules! define_commands {
    ($($section:ident { $($name:ident -> $answer:ty $(, logged if $done:expr)?;)+ })+) => {
        kinds! {
            /// Changes state. Each variant has a file in `src/ledger/commands/`.
            Command -> /** What a command answered. */ Outcome { $($($name -> $answer;)+)+ }
        }

        impl Outcome {
            /// Name of the command, if it was carried out and the admin log has such commands.
            #[must_use]
            pub fn admin_action(&self) -> Option<&'static str> {
                match self {
                    $($(Outcome::$name(answer) => {
                        let done: &[fn(&$answer) -> bool] = &[$($done)?];
                        done.iter().any(|done| done(answer)).then_some(stringify!($name))
                    })+)+
                }
            }
        }
    };
}

commands!(define_commands);

/// True if the user was created or unblocked, and not denied.
fn is_user(answer: &Done<(Result<UserView, Denial>, Vec<PoolUsage>)>) -> bool {
    answer.as_ref().is_ok_and(|(user, _)| user.is_ok())
}

fn grants_any(answers: &[Done<Granted>]) -> bool {
    answers.iter().flatten().any(|granted| granted.decision.is_ok())
}

fn revokes_any(answers: &[Done<Revoked>]) -> bool {
    answers.iter().any(Result::is_ok)
}

/// The table of queries, with their answers.
///
/// - `shard`: read from a whole shard;
/// - `tenant`: read from a tenant; refused if there is none.
macro_rules! queries {
    ($define:ident) => {
        $define! {
            shard {
                ListTenants -> Page<TenantView>;
                DueNotifications -> Vec<Due>;
                DueFetches -> FetchesDue;
                ListTokens -> Page<TokenView>;
                AllTokens -> KnownTokens;
            }
            tenant {
                ListSessions -> Done<Page<SessionView>>;
                ListUsers -> Done<Page<UserView>>;
                ListOrganizations -> Done<Page<OrganizationView>>;
                ListLicenses -> Done<Page<LicenseView>>;
                ListNotifications -> Done<Page<NotificationView>>;
                GetLicenseInformation -> Done<LicenseInformation>;
                GetEntitlements -> Done<Entitlements>;
                GetTenant -> Done<TenantView>;
                GetUser -> Done<UserView>;
                FormerIds -> Done<(UserId, Vec<FormerId>)>;
                GetUsage -> Done<TenantUsage>;
            }
        }
    };
}
pub(in crate::ledger) use queries;

macro_rules! define_queries {
    ($($section:ident { $($name:ident -> $answer:ty;)+ })+) => {
        kinds! {
            /// Reads state. The journal holds an answer back until what it shows is durable.
            Query -> /** What a query answered. */ QueryResult { $($($name -> $answer;)+)+ }
        }
    };
}

queries!(define_queries);
