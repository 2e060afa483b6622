//! Checks that a license may be installed here. These checks run only at the installation: renaming a machine later
//! takes no license away.

use uuid::Uuid;

use super::claims::Claims;
use super::rejection::Rejection;
use crate::ids::TenantId;
use crate::ledger::time::WallTime;

/// Target of an installation.
#[derive(Debug, Clone, Copy)]
pub struct InstallTarget<'a> {
    pub tenant: &'a TenantId,
    /// All names of this host; one of them must match one of the license's patterns.
    pub host_names: &'a [String],
    pub instance: Uuid,
}

impl Claims {
    /// Checks that this license may be installed on `target`. One that begins later may.
    ///
    /// # Errors
    /// The first of: wrong tenant, wrong host, wrong installation, expired `at` this time.
    pub fn admits(&self, target: &InstallTarget, at: WallTime) -> Result<(), Rejection> {
        if self.tenant != *target.tenant {
            return Err(Rejection::Tenant);
        }
        let fits = |name: &String| self.hosts.iter().any(|pattern| pattern.matches(name));
        if !self.hosts.is_empty() && !target.host_names.iter().any(fits) {
            return Err(Rejection::Host { patterns: self.hosts.clone(), names: target.host_names.to_vec() });
        }
        if let Some(wanted) = self.instance.filter(|instance| *instance != target.instance) {
            return Err(Rejection::Instance { wanted, target: target.instance });
        }
        self.not_expired(at)
    }

    /// Checks that it is in force `at` this time, or later.
    ///
    /// # Errors
    /// [`Rejection::Expired`]
    pub fn not_expired(&self, at: WallTime) -> Result<(), Rejection> {
        match self.expires {
            Some(end) if at >= end => Err(Rejection::Expired(end)),
            _ => Ok(()),
        }
    }
}
