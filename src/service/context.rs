//! What every service holds: the journal, the limits, the end of service, and the counts of decisions.

use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use super::ceiling::Ceilings;
use super::decisions::Decisions;
use super::licensing::Licensing;
use super::rates::Rates;
use super::status;
use super::tenant_access::TenantAccess;
use crate::auth::Tokens;
use crate::auth::rate::Rate;
use crate::auth::shares::{Permit, SharedPermits};
use crate::ids::InstanceId;
use crate::journal::Journal;
use crate::opaque_id::OpaqueIds;

/// How much one caller can ask for at once.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Items of a batch; of pools times users the pairs.
    pub batch_items: usize,
    /// Watchers of sessions, all tenants together; each holds a stream open.
    pub watchers: usize,
    /// Check-outs of one caller, and of one user; `None`: any number.
    pub caller_rate: Option<Rate>,
    pub user_rate: Option<Rate>,
}

impl Default for Limits {
    fn default() -> Self {
        Self { batch_items: 1_000, watchers: 1_000, caller_rate: None, user_rate: None }
    }
}

/// Shared by all services.
pub struct ServiceContext {
    /// Behind [`TenantAccess`](super::tenant_access::TenantAccess)s.
    journal: Arc<Journal>,
    pub(super) licensing: Arc<Licensing>,
    /// By which callers are known; made anew after every change.
    pub(super) tokens: Arc<Tokens>,
    pub(super) limits: Limits,
    /// Cancelled when the service drains: streams end, so that their clients reconnect elsewhere.
    pub(super) shutdown: CancellationToken,
    /// Read by telemetry.
    pub decisions: Decisions,
    pub(super) rates: Rates,
    watchers: Arc<SharedPermits>,
    syncs: Arc<SharedPermits>,
    exports: Arc<SharedPermits>,
    /// Of full syncs.
    pub(super) ceilings: Ceilings,
}

/// Syncs at once: each remembers whom it listed.
const SYNCS: usize = 4;
/// Exports at once, of users and of the audit: each reads on and on, and holds a page.
const EXPORTS: usize = 8;

impl ServiceContext {
    #[must_use]
    pub fn new(
        journal: Arc<Journal>,
        licensing: Arc<Licensing>,
        tokens: Arc<Tokens>,
        limits: Limits,
        shutdown: CancellationToken,
    ) -> Arc<Self> {
        let [watchers, syncs, exports] = [limits.watchers, SYNCS, EXPORTS].map(SharedPermits::new);
        let (decisions, rates) = (Decisions::default(), Rates::new(&limits, licensing.clock().clone()));
        let ceilings = Ceilings::default();
        Arc::new(Self {
            journal,
            licensing,
            tokens,
            limits,
            shutdown,
            decisions,
            rates,
            watchers,
            syncs,
            exports,
            ceilings,
        })
    }

    /// What belongs to no tenant, or to several. What belongs to one is asked at a [`TenantAccess`](super::tenant_access::TenantAccess).
    pub(super) fn journal(&self) -> &Arc<Journal> {
        &self.journal
    }

    /// [`Journal::opaque_ids`]
    pub(super) fn opaque_ids(&self) -> &OpaqueIds {
        self.journal.opaque_ids()
    }

    /// The installation.
    pub(super) fn instance(&self) -> InstanceId {
        self.journal.instance()
    }

    /// A place among the watchers, given back when dropped.
    pub(super) fn watcher(&self, access: &TenantAccess) -> Result<Permit, tonic::Status> {
        take(&self.watchers, access, &status::WATCHERS)
    }

    /// A place among the syncs, given back when dropped.
    pub(super) fn syncing(&self, access: &TenantAccess) -> Result<Permit, tonic::Status> {
        take(&self.syncs, access, &status::SYNCS)
    }

    /// A place among the exports, given back when dropped.
    pub(super) fn exporting(&self, access: &TenantAccess) -> Result<Permit, tonic::Status> {
        take(&self.exports, access, &status::EXPORTS)
    }
}

fn take(permits: &Arc<SharedPermits>, access: &TenantAccess, kind: &status::Scarce) -> Result<Permit, tonic::Status> {
    permits.acquire(access.caller(), Some(access.tenant()), 1).map_err(|full| status::no_permit(kind, full))
}
