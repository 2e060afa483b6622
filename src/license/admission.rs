//! Whether a license may be installed here. Only asked when it is installed: a machine that is renamed later loses
//! nothing.

use uuid::Uuid;

use super::claims::Claims;
use super::rejection::Rejection;
use crate::ids::TenantId;
use crate::ledger::time::Wall;

/// Where a license is to be installed.
#[derive(Debug, Clone, Copy)]
pub struct Here<'a> {
    pub tenant: &'a TenantId,
    /// Every name of this host; one of them must fit one of the license's patterns.
    pub host_names: &'a [String],
    pub instance: Uuid,
}

impl Claims {
    /// Whether this license may be installed `here`. One that is not yet in force may.
    ///
    /// # Errors
    /// The first of: another tenant, other hosts, another installation, expired `at` this time.
    pub fn admits(&self, here: &Here, at: Wall) -> Result<(), Rejection> {
        if self.tenant != *here.tenant {
            return Err(Rejection::Tenant);
        }
        let fits = |name: &String| self.hosts.iter().any(|pattern| pattern.matches(name));
        if !self.hosts.is_empty() && !here.host_names.iter().any(fits) {
            return Err(Rejection::Host { patterns: self.hosts.clone(), names: here.host_names.to_vec() });
        }
        if let Some(wanted) = self.instance.filter(|instance| *instance != here.instance) {
            return Err(Rejection::Instance { wanted, here: here.instance });
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
