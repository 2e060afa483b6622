//! Whether a license may be installed here. Only asked when it is installed: a machine that is renamed later loses
//! nothing.

use uuid::Uuid;

use super::claims::Claims;
use super::rejection::Rejection;
use crate::ids::TenantId;
use crate::ledger::time::Wall;

/// Where a license is to be installed.
#[derive(Debug, Clone, Copy)]
pub struct InstallTarget<'a> {
    pub tenant: &'a TenantId,
    /// Every name of this host; one of them must fit one of the license's patterns.
    pub host_names: &'a [String],
    pub instance: Uuid,
}

impl Claims {
    /// Whether this license may be installed `target`. One that is not yet in force may.
    ///
    /// # Errors
    /// The first of: another tenant, other hosts, another installation, expired `at` this time.
    pub fn admits(&self, target: &InstallTarget, at: Wall) -> Result<(), Rejection> {
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

    /// Whether it is in force `at` this time, or will be.
    ///
    /// # Errors
    /// [`Rejection::Expired`]
    pub fn not_expired(&self, at: Wall) -> Result<(), Rejection> {
        match self.expires {
            Some(end) if at >= end => Err(Rejection::Expired(end)),
            _ => Ok(()),
        }
    }
}
