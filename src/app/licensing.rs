//! Whom this server trusts with licenses: read at the start, and again on SIGHUP. What the vendor revoked is told to
//! the ledger, where it is kept. And the way to the vendor and back.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use super::{Failure, notify};
use crate::clock::Clock;
use crate::config::Config;
use crate::exchange::{Exchange, Folder};
use crate::journal::Journal;
use crate::ledger::change::Actor;
use crate::ledger::command::RevokeLicense;
use crate::ledger::outcome::Refusal;
use crate::license::{PublicKey, Revocations, Trust, load_trust};
use crate::service::Licensing;
use crate::tasks::{self, Tasks};

/// Where the keys come from.
pub(super) struct Vendors {
    path: Option<PathBuf>,
    /// With `--demo`: the key that signed the demo tenant's license.
    demo: Option<PublicKey>,
}

impl Vendors {
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

    /// Reads everything again. A set that is wrong is not taken; the one before stays.
    pub async fn read_again(&self, licensing: &Licensing, journal: &Journal) {
        match self.read() {
            Ok(trust) => {
                let (keys, revoked) = (trust.keys().count(), trust.revocations().clone());
                licensing.set_trust(trust);
                tracing::info!(keys, revoked = revoked.len(), "license keys read again");
                revoke(journal, &revoked).await;
            }
            Err(failure) => tracing::error!("{failure}; the license keys stay as they were"),
        }
    }
}

/// What decides about licenses here. `address`: where this server answers.
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

/// Looks for new licenses, if there is a folder of the vendor's.
pub(super) fn fetch(config: &Config, tasks: &Tasks, journal: &Arc<Journal>, licensing: &Arc<Licensing>) {
    if config.license_url.is_some() {
        tasks::fetch_licenses(tasks, journal, licensing);
    }
}

/// Takes back what the vendor revoked, where it is installed. A list that was carried out before changes nothing.
pub(super) async fn revoke(journal: &Journal, revocations: &Revocations) {
    for (tenant, license, revoked) in revocations.iter() {
        let why = revoked.why.as_deref().unwrap_or_default().into();
        let command = RevokeLicense { license: license.clone(), up_to_revision: revoked.through, why };
        match journal.submit(&Actor::service(), tenant, command).await {
            Ok(Ok(change)) if change.changed => {
                tracing::warn!(%tenant, %license, "a license was revoked by its vendor")
            }
            // The vendor's list names every customer's.
            Ok(Ok(_) | Err(Refusal::NotFound { .. })) => {}
            Ok(Err(refusal)) => tracing::error!(%tenant, %license, ?refusal, "a license was not revoked"),
            Err(error) => tracing::error!(%tenant, %license, %error, "a license was not revoked; SIGHUP tries again"),
        }
    }
}

/// Every name of this host: those that were given, and the machine's own.
pub(super) fn host_names(config: &Config) -> Vec<String> {
    let machine = rustix::system::uname().nodename().to_string_lossy().into_owned();
    let mut names = config.host_names.clone();
    if !machine.is_empty() && !names.contains(&machine) {
        names.push(machine);
    }
    names
}
