//! Queries that return lists, page by page.

use std::time::Duration;

use crate::ids::{DeviceId, OrganizationId, PoolId, SessionId, UserId};
use crate::ledger::model::access::Tenants;
use crate::ledger::model::change::{BlockCause, TenantState};
use crate::ledger::model::outcome::Status;
use crate::ledger::model::time::WallTime;

/// A time span from `from` (inclusive) to `until` (exclusive).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Period {
    pub from: Option<WallTime>,
    pub until: Option<WallTime>,
}

impl Period {
    /// True if the span is unlimited.
    #[must_use]
    pub fn is_whole(self) -> bool {
        self == Self::default()
    }

    #[must_use]
    pub fn holds(self, at: WallTime) -> bool {
        self.from.is_none_or(|from| from <= at) && self.until.is_none_or(|until| at < until)
    }
}

/// Lists sessions that match every given filter.
#[derive(Debug, Clone, Default)]
pub struct ListSessions {
    pub pool: Option<PoolId>,
    pub user: Option<UserId>,
    pub organization: Option<OrganizationId>,
    pub statuses: Vec<Status>,
    pub session: Option<SessionId>,
    pub device: Option<DeviceId>,
    /// Folded text that the client's text must contain. Empty: every session.
    pub client: String,
    pub started: Period,
    /// Only sessions without activity for at least this time.
    pub idle: Option<Duration>,
    pub order: SessionOrder,
    pub descending: bool,
    pub after: Option<Cursor>,
    pub limit: usize,
}

/// Sort order of a list of sessions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SessionOrder {
    #[default]
    LastActivity,
    Started,
    User,
}

/// End of a page: sort key and id of its last row; the id breaks ties. Orders by time use `when`. Orders by text use
/// `name`, a key of [`crate::unicode::order`], and `when`, the start of that key.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Cursor {
    pub when: u64,
    pub name: Vec<u8>,
    pub id: String,
}

/// Lists users who match every given filter.
#[derive(Debug, Clone, Default)]
pub struct ListUsers {
    /// Folded words to find in names, id and attributes, see [`crate::ledger::state::search::fold`].
    pub words: Vec<String>,
    /// True: one of the words must be found; else all of them.
    pub any_word: bool,
    pub blocked: Option<bool>,
    /// `None` in the list: users whose status is blank (R23).
    pub statuses: Vec<Option<Status>>,
    /// Not a filter: the organization for which the status is shown. In an unknown one, nobody has a status.
    pub organization: Option<OrganizationId>,
    pub group: Option<String>,
    pub pool: Option<PoolId>,
    pub administrator: Option<bool>,
    pub never_signed_in: bool,
    /// Folded parts of the id, and of given name and family name together. Empty: every user.
    pub id: String,
    pub name: String,
    pub cause: Option<BlockCause>,
    /// Last sign-in. A user who never signed in is in no period.
    pub signed_in: Period,
    pub created: Period,
    pub order: UserOrder,
    pub descending: bool,
    pub after: Option<Cursor>,
    pub limit: usize,
}

/// Sort order of a list of users.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum UserOrder {
    #[default]
    LastSignIn,
    UserId,
    /// By family name, then given name.
    Name,
    /// Oldest first; ascending only. Each page continues where the one before ended, without reading earlier users.
    Created,
}

/// A page of rows, and its end if there are more rows.
#[derive(Debug, Clone, PartialEq)]
pub struct Page<T> {
    pub rows: Vec<T>,
    pub next: Option<Cursor>,
}

/// Lists organizations that match every given filter.
#[derive(Debug, Clone, Default)]
pub struct ListOrganizations {
    /// Folded part of id or name. Empty: every organization.
    pub text: String,
    pub order: OrganizationOrder,
    pub descending: bool,
    pub after: Option<Cursor>,
    pub limit: usize,
}

/// Sort order of a list of organizations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OrganizationOrder {
    #[default]
    DisplayName,
    OrganizationId,
}

/// Lists the tenants of a shard, sorted by id, which is a cursor's `id`. Addressed to a shard, not to a tenant.
#[derive(Debug, Clone, Default)]
pub struct ListTenants {
    /// Folded part of id, name or contact. Empty: every tenant.
    pub text: String,
    pub state: Option<TenantState>,
    /// Tenants for which the caller is authorized; others are not listed (R1).
    pub among: Tenants,
    pub after: Option<Cursor>,
    pub limit: usize,
}
