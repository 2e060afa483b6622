//! License keys: read at the start, and again on SIGHUP. Revocations of the vendor are submitted to the ledger, which
//! keeps them. Also sets up the fetching of licenses and the mailing of requests.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use super::host_names::host_names;
use super::notify;
use crate::clock::Clock;
use crate::config::Config;
use crate::exchange::{Exchange, Folder};
use crate::failure::Failure;
use crate::ids::{ShardId, TenantId};
use crate::journal::{Journal, JournalError};
use crate::ledger::change::Actor;
use crate::ledger::command::RevokeLicense;
use crate::ledger::outcome::Refusal;
use crate::license::{PublicKey, Revocations, Trust, load_trust};
use crate::licensing::Licensing;
use crate::tasks::{self, Tasks};

/// Source of the license keys.
pub(super) struct Vendors {
    path: Option<PathBuf>,
    /// With `--demo`: the key that signs the demo tenant's license.
    demo: Option<PublicKey>,
}

impl Vendors {
    /// `path`: a file or a folder of public keys; `None`: only licenses signed with the demo key can be installed.
    pub fn new(path: Option<PathBuf>, demo: Option<PublicKey>) -> Self {
        Self { path, demo }
    }

    /// # Errors
    /// [`Failure::LicenseKeys`] names the file.
    pub fn read(&self) -> Result<Trust, Failure> {
        let mut trust = self.path.as_deref().map(load_trust).transpose()?.unwrap_or_default();
        trust.add_keys(self.demo.clone());
        Ok(trust)
    }

    /// Hash of the files in force, the same on every node with the same files (C10); empty: there are none. Each node
    /// has a demo key of its own, which does not count.
    pub fn hash(&self, in_force: &Trust) -> Box<str> {
        let hash = self.path.is_some().then(|| in_force.hash(self.demo.as_ref()));
        hash.unwrap_or_default().into()
    }

    /// Reads everything again. An invalid set is not taken: the previous one stays in force.
    pub async fn read_again(&self, licensing: &Licensing, journal: &Journal) {
        match self.read() {
            Ok(trust) => {
                let (keys, revoked) = (trust.keys().count(), trust.revocations().clone());
                licensing.set_trust(trust);
                tracing::info!(keys, revoked = revoked.len(), "license keys reloaded");
                revoke(journal, &revoked, &journal.held()).await;
            }
            Err(failure) => tracing::error!("{failure}; the previous license keys stay in force"),
        }
    }
}

/// Builds the rules for admitting licenses. `address`: where this server listens.
pub(super) fn start(
    config: &Config,
    trust: Trust,
    address: SocketAddr,
    clock: &Clock,
) -> anyhow::Result<Arc<Licensing>> {
    let folder = config.license_url.clone().map(Folder::new);
    let exchange = Exchange { folder, mailer: notify::mailer(config)? };
    let licensing = Licensing::new(trust, host_names(config), clock.clone()).at(address);
    Ok(Arc::new(licensing.with_exchange(exchange)))
}

/// Starts the daily look for new licenses, if a folder of the vendor is configured.
pub(super) fn fetch(config: &Config, tasks: &Tasks, journal: &Arc<Journal>, licensing: &Arc<Licensing>) {
    if config.license_url.is_some() {
        tasks::fetch_licenses(tasks, journal, licensing);
    }
}

/// Revokes the licenses of the vendor's list that are installed for tenants in these shards, which this process holds.
/// A list that was applied before changes nothing.
pub(super) async fn revoke(journal: &Journal, revocations: &Revocations, shards: &[ShardId]) {
    let is_here = |tenant: &TenantId| shards.contains(&tenant.shard(journal.shards()));
    for (tenant, license, revoked) in revocations.iter().filter(|(tenant, ..)| is_here(tenant)) {
        let why = revoked.why.as_deref().unwrap_or_default().into();
        let command = RevokeLicense { license: license.clone(), up_to_revision: revoked.through, why };
        match journal.submit(&Actor::service(), tenant, command).await {
            Ok(Ok(change)) if change.changed => {
                tracing::warn!(%tenant, %license, "a license was revoked by its vendor")
            }
            // Expected: the vendor's list contains the licenses of all customers.
            Ok(Ok(_) | Err(Refusal::NotFound { .. })) => {}
            // The shard was handed over meanwhile: whoever opens it applies the list.
            Err(JournalError::NotApplied(_)) => {}
            Ok(Err(refusal)) => tracing::error!(%tenant, %license, ?refusal, "a license was not revoked"),
            Err(error) => tracing::error!(%tenant, %license, %error, "a license was not revoked; SIGHUP tries again"),
        }
    }
}
