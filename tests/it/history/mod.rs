//! What clients were told, held against what is in the store: clients that load the program and outlive its deaths
//! ([`load`], [`client`]), what each asked and heard ([`History`]), what SQL says afterwards ([`recount`]), and the
//! judge of both ([`check`]).
//!
//! Nothing here knows how Usher decides. It knows what an answer promises.

mod check;
mod client;
mod leases;
mod ledger;
mod load;
mod recount;
mod seats;
mod tests;
mod text;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

pub use check::check;
pub use load::{Load, Plan};
pub use recount::{Action, StoreContents};

/// A tenant, a pool, a user, a device, a session or a reason.
pub type Name = Arc<str>;

/// Microseconds since the load began.
pub type Time = u64;

/// Whom a call or a row is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Who {
    pub tenant: Name,
    pub pool: Name,
    pub user: Name,
}

impl fmt::Display for Who {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.tenant, self.pool, self.user)
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Operation {
    CheckOut { device: Name },
    CheckIn { session: Name },
    Heartbeat { session: Name },
    Grant,
    Revoke,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// No answer, or an error: it was carried out, or it was not.
    Unknown(Name),
    Lease {
        session: Name,
        renewed: bool,
    },
    /// The heartbeat extended the lease.
    Kept,
    /// The session has ended; by this call, or before.
    Ended {
        now: bool,
        reason: Name,
    },
    /// Granted, or revoked.
    Done,
    Denied(Name),
    /// An answer that makes no sense: it speaks of something that was not asked about.
    Odd(String),
}

/// One call of one client. A repetition is a call of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    pub who: Who,
    pub operation: Operation,
    pub called: Time,
    /// When the answer was heard.
    pub answered: Option<Time>,
    pub answer: Answer,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit {
    /// Seats count; else live sessions do.
    pub named: bool,
    pub seats: u64,
}

/// What was agreed with the service about a tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rules {
    pub limits: BTreeMap<Name, Limit>,
    pub take_over: bool,
    pub lease: Time,
}

/// Everything that all clients asked and heard. A grant and a revocation of one seat never overlap; other calls may.
#[derive(Debug, Clone)]
pub struct History {
    /// Wall time of the moment 0, in milliseconds since 1970: the audit knows wall time only.
    pub began: i64,
    pub tenants: BTreeMap<Name, Rules>,
    /// Seats that somebody else had granted before the first call.
    pub given: BTreeSet<Who>,
    pub calls: Vec<Call>,
}

impl History {
    /// What was agreed about a pool; none: it is not looked at.
    fn limit(&self, tenant: &Name, pool: &Name) -> Option<Limit> {
        self.tenants.get(tenant)?.limits.get(pool).copied()
    }
}
