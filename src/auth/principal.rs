//! Whoever asks, however they proved who they are.

use crate::ledger::access::{Roles, Tenants};
use crate::ledger::change::Actor;

/// A caller: what the audit calls it, what it may do, and for which tenants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    /// `token:login-eu`, `cert:spiffe://example.org/login`, `oidc:alice@example.org`.
    pub actor: Actor,
    pub roles: Roles,
    pub tenants: Tenants,
}

impl Principal {
    /// Everybody, where no credential is configured.
    #[must_use]
    pub fn anonymous() -> Self {
        Self { actor: Actor("anonymous".into()), roles: Roles::ALL, tenants: Tenants::All }
    }
}
