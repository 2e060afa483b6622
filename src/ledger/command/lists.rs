//! The queries that list things, a page at a time.

use std::time::Duration;

use crate::ids::{DeviceId, OrganizationId, PoolId, SessionId, UserId};
use crate::ledger::access::Tenants;
use crate::ledger::change::{BlockCause, TenantState};
use crate::ledger::outcome::Status;
use crate::ledger::time::Wall;

/// Times from one on, and before another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Period {
    pub from: Option<Wall>,
    pub until: Option<Wall>,
}

impl Period {
    /// Whether it leaves nothing out.
    #[must_use]
    pub fn is_whole(self) -> bool {
        self == Self::default()
    }

    #[must_use]
    pub fn holds(self, at: Wall) -> bool {
        self.from.is_none_or(|from| from <= at) && self.until.is_none_or(|until| at < until)
    }
}

/// Which sessions to list; every given filter holds.
#[derive(Debug, Clone, Default)]
pub struct ListSessions {
    pub pool: Option<PoolId>,
    pub user: Option<UserId>,
    pub organization: Option<OrganizationId>,
    pub statuses: Vec<Status>,
    pub session: Option<SessionId>,
    pub device: Option<DeviceId>,
    /// Looked for in the client's text; folded. Empty: every session.
    pub client: String,
    pub started: Period,
    /// Without activity for so long, or longer.
    pub idle: Option<Duration>,
    pub order: SessionOrder,
    pub descending: bool,
    pub after: Option<Cursor>,
    pub limit: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SessionOrder {
    #[default]
    LastActivity,
    Started,
    User,
}

/// Where a page ended: the sort key of its last row, and the row's own id, which breaks ties.
/// `when` for orders by time, `name` for orders by text: a key of [`crate::unicode::order`], and `when` its start.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Cursor {
    pub when: u64,
    pub name: Vec<u8>,
    pub id: String,
}

/// Which users to list; every given filter holds.
#[derive(Debug, Clone, Default)]
pub struct ListUsers {
    /// Words to look for in names, id and attributes; folded, see [`crate::ledger::search::fold`].
    pub words: Vec<String>,
    /// Any word suffices; else all must be found.
    pub any_word: bool,
    pub blocked: Option<bool>,
    /// `None` among them: those with a blank (R23).
    pub statuses: Vec<Option<Status>>,
    /// No filter: in which the status is read. There is nobody in one that is not there.
    pub organization: Option<OrganizationId>,
    pub group: Option<String>,
    pub pool: Option<PoolId>,
    pub administrator: Option<bool>,
    pub never_signed_in: bool,
    /// Looked for in the id, and in the given name and the family name behind it; folded. Empty: every user.
    pub id: String,
    pub name: String,
    pub cause: Option<BlockCause>,
    /// Who never signed in did so in no period.
    pub signed_in: Period,
    pub created: Period,
    pub order: UserOrder,
    pub descending: bool,
    pub after: Option<Cursor>,
    pub limit: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum UserOrder {
    #[default]
    LastSignIn,
    UserId,
    /// Family name, then given name.
    Name,
    /// The oldest first; only ascending. Each page goes on where the one before ended, without a look at what is before.
    Created,
}

/// A page of rows, and where it ended if there is more.
#[derive(Debug, Clone, PartialEq)]
pub struct Page<T> {
    pub rows: Vec<T>,
    pub next: Option<Cursor>,
}

/// Which organizations to list; every given filter holds.
#[derive(Debug, Clone, Default)]
pub struct ListOrganizations {
    /// Looked for in id and name; folded. Empty: every organization.
    pub text: String,
    pub order: OrganizationOrder,
    pub descending: bool,
    pub after: Option<Cursor>,
    pub limit: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OrganizationOrder {
    #[default]
    DisplayName,
    OrganizationId,
}

/// Lists the shard's tenants, by id alone: a cursor's `id`. Addressed to a shard, not to a tenant.
#[derive(Debug, Clone, Default)]
pub struct ListTenants {
    /// Looked for in id, name and contact; folded. Empty: every tenant.
    pub text: String,
    pub state: Option<TenantState>,
    /// Nobody hears of others (R1).
    pub among: Tenants,
    pub after: Option<Cursor>,
    pub limit: usize,
}
