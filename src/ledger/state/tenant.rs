//! State of one tenant.

use std::collections::BTreeSet;

use super::audit_draft::AuditDraft;
use super::deadlines::{Deadlines, Positions};
use super::headcount::Headcount;
use super::licenses::Licenses;
use super::map::Seed;
use super::notifications::Notifications;
use super::organization::Organizations;
use super::pool::Pools;
use super::session::Sessions;
use super::silence::Listening;
use super::stale::{Stale, Tallied};
use super::users::Users;
use crate::ids::{OrganizationId, OrganizationNo, TenantId, TenantNo, UserId, UserNo};
use crate::ledger::model::change::{Action, TenantRow, TenantState};
use crate::ledger::model::license_fetch::LicenseFetch;
use crate::ledger::model::outcome::{Done, Refusal, TenantView};
use crate::ledger::model::policy::Policy;
use crate::ledger::model::time::{Moment, Tick};

/// State of a tenant: its row, and everything that belongs to it.
#[derive(Debug)]
pub(in crate::ledger) struct Tenant {
    pub no: TenantNo,
    pub id: TenantId,
    pub display_name: Box<str>,
    pub contact: Box<str>,
    pub state: TenantState,
    pub policy: Policy,
    pub created: Tick,
    pub version: u64,
    pub licenses: Licenses,
    /// Boxed: most tenants have none, and no decision needs it.
    pub license_fetch: Option<Box<LicenseFetch>>,
    pub pools: Pools,
    pub organizations: Organizations,
    pub users: Users,
    pub sessions: Sessions,
    /// Users with live sessions: those who are not Idle, by when they become so; the Idle ones, by last activity (R23).
    pub active: Deadlines<UserNo>,
    pub active_positions: Positions<UserNo>,
    pub idle: BTreeSet<(Tick, UserNo)>,
    pub blocked: u64,
    pub administrators: u64,
    pub headcount: Headcount,
    pub notifications: Notifications,
    pub listening: Listening,
    /// True if the tenant is in the ledger's queue of unfinished work.
    pub unfinished: bool,
    /// Pools whose part of the sums over all tenants is out of date.
    pub stale: Stale,
    /// Part of this tenant in the sums over all tenants, without its pools.
    pub tallied: Tallied,
    /// Earliest time at which something may be due here, as noted since the shard's agenda was last updated; and the
    /// time that the agenda has. Either may be early, but never late.
    pub due: Tick,
    pub scheduled: Tick,
}

impl Tenant {
    pub fn new(row: TenantRow, seed: Seed) -> Self {
        Self {
            no: row.no,
            id: row.id,
            display_name: row.display_name,
            contact: row.contact,
            state: row.state,
            policy: row.policy,
            created: row.created,
            version: row.version,
            licenses: Licenses::default(),
            license_fetch: row.license_fetch.map(Box::new),
            pools: Pools::new(seed),
            organizations: Organizations::default(),
            users: Users::new(seed),
            sessions: Sessions::new(seed),
            active: Deadlines::default(),
            active_positions: Positions::default(),
            idle: BTreeSet::new(),
            blocked: 0,
            administrators: 0,
            headcount: Headcount::default(),
            notifications: Notifications::new(),
            listening: Listening::default(),
            unfinished: false,
            stale: Stale::default(),
            tallied: Tallied::default(),
            // Due at once, so that a tick looks at everything.
            due: Tick::default(),
            scheduled: Tick::NEVER,
        }
    }

    pub fn row(&self) -> TenantRow {
        TenantRow {
            no: self.no,
            id: self.id.clone(),
            display_name: self.display_name.clone(),
            contact: self.contact.clone(),
            state: self.state,
            policy: self.policy.clone(),
            created: self.created,
            version: self.version,
            license_fetch: self.license_fetch.as_deref().cloned(),
        }
    }

    pub fn view(&self, now: Moment) -> TenantView {
        let row = self.row();
        TenantView {
            id: row.id,
            display_name: row.display_name,
            contact: row.contact,
            state: row.state,
            policy: row.policy,
            created: now.wall_of(row.created),
            version: row.version,
        }
    }

    /// An audit event about this tenant.
    pub fn about(&self, action: Action) -> AuditDraft {
        AuditDraft::new(self.no, action)
    }

    /// Number of the user with this id.
    pub fn known_user(&self, id: &UserId) -> Done<UserNo> {
        self.users.find(id).ok_or_else(|| Refusal::not_found("user", id))
    }

    /// Number of the organization with this id.
    pub fn known_organization(&self, id: &OrganizationId) -> Done<OrganizationNo> {
        self.organizations.find(id).ok_or_else(|| Refusal::not_found("organization", id))
    }
}

/// A server can have a million tenants, most of which do nothing (docs/FIGURES.md).
const _: () = assert!(size_of::<Tenant>() <= 896);
