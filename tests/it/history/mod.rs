//! Compares the answers that clients got with the contents of the store: clients that load the program and survive its
//! crashes ([`load`], [`client`]), their calls and answers ([`History`]), the store read by SQL ([`recount`]), and the
//! checker ([`check`]).
//!
//! This module does not know how Usher decides. It knows what an answer promises.

mod check;
mod client;
mod leases;
mod ledger;
mod load;
mod recount;
mod seats;
mod sending;
mod tests;
mod text;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

pub use check::check;
pub use load::{Load, Patience, Plan, tenant_in};
pub use recount::{Action, StoreContents};
pub use sending::reason;

/// Id of a tenant, pool, user, device or session, or a reason.
pub type Name = Arc<str>;

/// Microseconds since the load began.
pub type Time = u64;

/// The subject of a call or a row.
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
    /// No answer, or an error: the call was carried out or not.
    Unknown(Name),
    Lease {
        session: Name,
        renewed: bool,
    },
    /// The heartbeat extended the lease.
    Kept,
    /// The session has ended: by this call (`now`), or before.
    Ended {
        now: bool,
        reason: Name,
    },
    /// The seat was granted or revoked.
    Done,
    Denied(Name),
    /// An invalid answer: it is about something that was not requested.
    Odd(String),
}

/// One call of one client. A repetition is another call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    pub who: Who,
    pub operation: Operation,
    pub called: Time,
    /// When the answer arrived.
    pub answered: Option<Time>,
    pub answer: Answer,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit {
    /// True for a named pool, where granted seats count; otherwise live sessions count.
    pub named: bool,
    pub seats: u64,
}

/// The settings of a tenant that the checker knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rules {
    pub limits: BTreeMap<Name, Limit>,
    pub take_over: bool,
    pub lease: Time,
}

/// All calls and answers of all clients. A grant and a revocation of the same seat never overlap; other calls may.
#[derive(Debug, Clone)]
pub struct History {
    /// WallTime time of the history's time 0, in milliseconds since 1970: the audit has wall time only.
    pub began: i64,
    /// Greatest difference between that wall time and the service's, in milliseconds.
    pub skew: i64,
    pub tenants: BTreeMap<Name, Rules>,
    /// Seats that were granted before the first call.
    pub given: BTreeSet<Who>,
    pub calls: Vec<Call>,
    /// Most calls that were carried out twice: nodes repeat some of those of which they do not know whether they were.
    pub repeated: u64,
}

impl History {
    /// Returns the known limit of a pool; `None`: the checker ignores the pool.
    fn limit(&self, tenant: &Name, pool: &Name) -> Option<Limit> {
        self.tenants.get(tenant)?.limits.get(pool).copied()
    }
}
