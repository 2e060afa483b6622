//! Callers, independent of the kind of their credential.

use super::used_token::UsedToken;
use crate::ids::TenantId;
use crate::ledger::access::{Roles, Tenants};
use crate::ledger::change::Actor;

/// A caller: its name in the audit, and its roles for tenants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    /// Name in the audit, such as `token:0123456789abcdef:login-eu`, `cert:spiffe://example.org/login` or
    /// `oidc:alice@example.org`.
    pub actor: Actor,
    /// Any grant suffices, and each stands for itself: the roles of one do not apply to the tenants of another.
    pub grants: Vec<Grant>,
    /// The API token by which it was let in, except for that of `--admin-token-file`.
    pub token: Option<UsedToken>,
}

/// No credential has this name: names of credentials begin with their kind.
const ANONYMOUS: &str = "anonymous";

/// Roles for tenants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    pub roles: Roles,
    pub tenants: Tenants,
}

impl Principal {
    #[must_use]
    pub fn new(actor: Actor, roles: Roles, tenants: Tenants) -> Self {
        Self { actor, grants: vec![Grant { roles, tenants }], token: None }
    }

    /// Sets the API token by which it was let in.
    #[must_use]
    pub fn by_token(self, token: UsedToken) -> Self {
        Self { token: Some(token), ..self }
    }

    /// The principal with all roles: every caller, if no credential is configured.
    #[must_use]
    pub fn anonymous() -> Self {
        Self::new(Actor(ANONYMOUS.into()), Roles::ALL, Tenants::All)
    }

    /// True for [`Self::anonymous`] and [`Self::without_roles`].
    #[must_use]
    pub fn is_anonymous(&self) -> bool {
        &*self.actor.0 == ANONYMOUS
    }

    /// The principal without any role: the caller of a method that needs no credential.
    #[must_use]
    pub fn without_roles() -> Self {
        Self { actor: Actor(ANONYMOUS.into()), grants: Vec::new(), token: None }
    }

    /// True if it has one of the `needed` roles for this tenant.
    #[must_use]
    pub fn may(&self, needed: Roles, tenant: &TenantId) -> bool {
        self.grants(needed).any(|grant| grant.tenants.has(tenant))
    }

    /// True if it has one of the `needed` roles for any tenant.
    #[must_use]
    pub fn has_role(&self, needed: Roles) -> bool {
        self.grants(needed).next().is_some()
    }

    /// True if it has one of the `needed` roles for all tenants, including those that are created later.
    #[must_use]
    pub fn all_tenants_for(&self, needed: Roles) -> bool {
        self.grants(needed).any(|grant| grant.tenants == Tenants::All)
    }

    /// Returns the tenants for which it has one of the `needed` roles.
    #[must_use]
    pub fn tenants_for(&self, needed: Roles) -> Tenants {
        self.grants(needed).fold(Tenants::NONE, |sum, grant| sum.and(&grant.tenants))
    }

    fn grants(&self, needed: Roles) -> impl Iterator<Item = &Grant> {
        self.grants.iter().filter(move |grant| grant.roles.meets(needed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::access::Role;

    const APPLICATION: Roles = Roles::NONE.with(Role::Application);
    const MANAGER: Roles = Roles::NONE.with(Role::Manager);

    fn tenant(id: &str) -> TenantId {
        TenantId::parse(id).unwrap()
    }

    fn only(id: &str) -> Tenants {
        Tenants::Only([tenant(id)].into())
    }

    #[test]
    fn roles_of_one_grant_are_nothing_for_the_tenants_of_another() {
        let grants = vec![
            Grant { roles: MANAGER, tenants: only("acme") },
            Grant { roles: APPLICATION, tenants: only("acme") },
            Grant { roles: APPLICATION, tenants: only("globex") },
        ];
        let principal = Principal { actor: Actor("oidc:alice".into()), grants, token: None };
        assert!(principal.may(MANAGER, &tenant("acme")) && principal.may(APPLICATION, &tenant("globex")));
        assert!(!principal.may(MANAGER, &tenant("globex")) && !principal.may(Roles::NONE, &tenant("acme")));
        assert!(principal.may(MANAGER.with(Role::Application), &tenant("globex")), "one of the roles suffices");
        assert_eq!(principal.tenants_for(MANAGER), only("acme"));
        assert_eq!(principal.tenants_for(APPLICATION), Tenants::Only([tenant("acme"), tenant("globex")].into()));
        assert!(principal.has_role(APPLICATION) && !principal.has_role(Roles::NONE.with(Role::Operator)));
        assert!(!principal.all_tenants_for(APPLICATION));
    }

    #[test]
    fn whoever_has_no_grant_has_no_tenant() {
        let principal = Principal { actor: Actor("oidc:bob".into()), grants: Vec::new(), token: None };
        assert!(!principal.has_role(Roles::ALL) && !principal.may(Roles::ALL, &tenant("acme")));
        assert_eq!(principal.tenants_for(Roles::ALL), Tenants::NONE);
    }

    #[test]
    fn all_tenants_are_all_also_beside_some() {
        let mut principal = Principal::new(Actor("token:ops".into()), APPLICATION, Tenants::All);
        principal.grants.push(Grant { roles: MANAGER, tenants: only("acme") });
        assert_eq!(principal.tenants_for(Roles::ALL), Tenants::All);
        assert!(principal.all_tenants_for(APPLICATION) && !principal.all_tenants_for(MANAGER));
    }
}
