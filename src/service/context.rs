//! State that all services share: the shards, limits, permits, the shutdown signal, and counters of decisions.

use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use super::ceiling::Ceilings;
use super::decisions::Decisions;
use super::limits::Limits;
use super::rates::Rates;
use super::tenant_access::TenantAccess;
use crate::auth::Caller;
use crate::auth::shares::{Permit, SharedPermits};
use crate::ids::{InstanceId, TenantId};
use crate::journal::Journal;
use crate::licensing::Licensing;
use crate::opaque_id::OpaqueIds;
use crate::shards::AllShards;
use crate::status;

/// State that all services share.
pub struct ServiceContext {
    /// Services reach tenants only through a [`TenantAccess`](super::tenant_access::TenantAccess).
    journal: Arc<Journal>,
    /// For what belongs to no one tenant.
    pub(super) shards: Arc<AllShards>,
    pub(super) licensing: Arc<Licensing>,
    pub(super) limits: Limits,
    /// Canceled when the server drains: streams end, so that their clients reconnect elsewhere.
    pub(super) shutdown: CancellationToken,
    /// Read by telemetry.
    pub decisions: Decisions,
    pub(super) rates: Rates,
    watchers: Arc<SharedPermits>,
    syncs: Arc<SharedPermits>,
    exports: Arc<SharedPermits>,
    /// Ceilings for the number of users that full syncs may block.
    pub(super) ceilings: Ceilings,
}

/// Directory syncs at once; each keeps the users that it listed in memory.
const MAX_SYNCS: usize = 4;
/// Exports at once, of users and of the audit; each reads page after page, and holds one page in memory.
const MAX_EXPORTS: usize = 8;

impl ServiceContext {
    #[must_use]
    pub fn new(
        shards: Arc<AllShards>,
        licensing: Arc<Licensing>,
        limits: Limits,
        shutdown: CancellationToken,
    ) -> Arc<Self> {
        let [watchers, syncs, exports] = [limits.watchers, MAX_SYNCS, MAX_EXPORTS].map(SharedPermits::new);
        let (decisions, rates) = (Decisions::default(), Rates::new(&limits, licensing.clock().clone()));
        let ceilings = Ceilings::default();
        Arc::new(Self {
            journal: Arc::clone(shards.local().journal()),
            shards,
            licensing,
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

    /// The journal, for commands and queries about the installation. Those of one tenant go through a
    /// [`TenantAccess`](super::tenant_access::TenantAccess).
    pub(super) fn journal(&self) -> &Arc<Journal> {
        &self.journal
    }

    /// Authorizes the caller for the tenant: see [`TenantAccess::new`].
    pub(super) fn tenant_access(&self, caller: Caller, tenant: TenantId) -> Result<TenantAccess, tonic::Status> {
        TenantAccess::new(Arc::clone(&self.journal), caller, tenant)
    }

    /// [`Journal::opaque_ids`]
    pub(super) fn opaque_ids(&self) -> &OpaqueIds {
        self.journal.opaque_ids()
    }

    /// Id of the installation.
    pub(super) fn instance(&self) -> InstanceId {
        self.journal.instance()
    }

    /// Takes a permit for a watch; it is returned when dropped.
    pub(super) fn watcher(&self, access: &TenantAccess) -> Result<Permit, tonic::Status> {
        take(&self.watchers, access, &status::WATCHERS)
    }

    /// Takes a permit for a directory sync; it is returned when dropped.
    pub(super) fn syncing(&self, access: &TenantAccess) -> Result<Permit, tonic::Status> {
        take(&self.syncs, access, &status::SYNCS)
    }

    /// Takes a permit for an export; it is returned when dropped.
    pub(super) fn exporting(&self, access: &TenantAccess) -> Result<Permit, tonic::Status> {
        take(&self.exports, access, &status::EXPORTS)
    }
}

fn take(permits: &Arc<SharedPermits>, access: &TenantAccess, kind: &status::Scarce) -> Result<Permit, tonic::Status> {
    permits.acquire(access.caller(), Some(access.tenant()), 1).map_err(|full| status::no_permit(kind, full))
}
