//! Conditions for installing a license that are outside of the ledger: trusted keys, host names and the wall clock; and
//! the exchange with the vendor.

use std::net::SocketAddr;
use std::sync::{Arc, PoisonError, RwLock};

use crate::clock::Clock;
use crate::exchange::{Exchange, Fetched};
use crate::ids::{InstanceId, TenantId};
use crate::ledger::command::{FetchLicense, InstallLicense, LicenseGrant, VendorAnswer};
use crate::ledger::license::{PoolGrant, Terms};
use crate::license::{InstallTarget, Rejection, Trust, Verified};

/// Decides which license documents this server accepts.
pub struct Licensing {
    trust: RwLock<Arc<Trust>>,
    host_names: Vec<String>,
    /// Addresses at which this server accepts calls; empty for a server that is not on a network.
    addresses: Vec<SocketAddr>,
    clock: Clock,
    exchange: Exchange,
}

impl Licensing {
    #[must_use]
    pub fn new(trust: Trust, host_names: Vec<String>, clock: Clock) -> Self {
        let (trust, addresses, exchange) = (RwLock::new(Arc::new(trust)), Vec::new(), Exchange::default());
        Self { trust, host_names, addresses, clock, exchange }
    }

    /// Sets the address at which the server accepts calls.
    #[must_use]
    pub fn at(self, address: SocketAddr) -> Self {
        Self { addresses: vec![address], ..self }
    }

    /// Sets the exchange with the vendor.
    #[must_use]
    pub fn with_exchange(self, exchange: Exchange) -> Self {
        Self { exchange, ..self }
    }

    /// Replaces the trusted keys. Installed licenses stay.
    pub fn set_trust(&self, trust: Trust) {
        *self.trust.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(trust);
    }

    /// The trusted keys and the revocations in force.
    #[must_use]
    pub fn trust(&self) -> Arc<Trust> {
        Arc::clone(&self.trust.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// All names of this host.
    #[must_use]
    pub fn host_names(&self) -> &[String] {
        &self.host_names
    }

    /// The addresses at which this server accepts calls.
    #[must_use]
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// The exchange with the vendor.
    #[must_use]
    pub fn exchange(&self) -> &Exchange {
        &self.exchange
    }

    /// The clock by which licenses are admitted.
    #[must_use]
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// Returns the command that installs a document if the document is genuine, issued for this tenant and server, and
    /// neither expired nor revoked. The ledger checks the dates again by its own time, which never goes back (R31).
    ///
    /// # Errors
    /// [`Rejection`]: the first condition that the document does not meet.
    pub fn admit(&self, document: &str, tenant: &TenantId, instance: InstanceId) -> Result<InstallLicense, Rejection> {
        let target = InstallTarget { tenant, host_names: &self.host_names, instance: instance.0 };
        self.trust().admit(document, &target, self.clock.wall()).map(command)
    }

    /// Looks for a license of the tenant in the vendor's folder, and returns the result as a command. `None`: no folder
    /// is configured.
    pub async fn fetch(&self, tenant: &TenantId, instance: InstanceId) -> Option<FetchLicense> {
        let folder = self.exchange.folder.as_ref()?;
        let answer = match folder.fetch(instance, tenant).await {
            Fetched::Document(document) => match self.admit(&document, tenant, instance) {
                Ok(license) => VendorAnswer::License(Box::new(license)),
                Err(rejection) => {
                    VendorAnswer::Refused { reason: rejection.reason(), text: rejection.to_string().into() }
                }
            },
            Fetched::Nothing => VendorAnswer::Nothing,
            Fetched::Failed(why) => VendorAnswer::Failed(why.into()),
        };
        Some(FetchLicense { from: folder.url().to_string().into(), answer })
    }
}

/// Converts a verified document into the command that installs it.
fn command(verified: Verified) -> InstallLicense {
    let Verified { claims, compact, kid } = verified;
    let terms = Terms {
        document: compact.into(),
        key_id: kid.into(),
        customer_id: claims.customer_id.as_str().into(),
        registered_to: claims.registered_to.as_str().into(),
        hosts: claims.hosts.iter().map(|host| host.as_str().into()).collect(),
        instance: claims.instance.map(InstanceId),
        tier: Some(claims.tier),
        features: claims.features.iter().map(|name| name.as_str().into()).collect(),
        limits: claims.limits.iter().map(|(name, limit)| (name.as_str().into(), *limit)).collect(),
        issued: claims.issued,
    };
    let pools = claims.entitlements.into_iter().map(|given| PoolGrant {
        overdraft: given.overdraft.seats(given.limit),
        pool: given.pool,
        plan: given.plan,
        limit: given.limit,
    });
    let (not_before, expires) = (claims.not_before, claims.expires);
    let grant =
        LicenseGrant { revision: claims.revision, not_before, expires, pools: pools.collect(), terms: Arc::new(terms) };
    InstallLicense { license: claims.license, grant }
}
