//! Roles of callers, and the tenants for which they are authorized.

use std::collections::BTreeSet;
use std::fmt;

use crate::ids::TenantId;

/// Purpose of a caller (docs/AUTHENTICATION.md).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// A login service: check-outs, check-ins, heartbeats.
    Application,
    /// Reads only.
    Viewer,
    /// Grants, licenses, users, sessions, policies.
    Manager,
    /// Tenants, tokens, and the server itself.
    Operator,
}

impl Role {
    pub const ALL: [Role; 4] = [Role::Application, Role::Viewer, Role::Manager, Role::Operator];

    /// Name in files, on the command line and in texts.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Role::Application => "application",
            Role::Viewer => "viewer",
            Role::Manager => "manager",
            Role::Operator => "operator",
        }
    }

    /// Parses the name of a role; `None`: there is no such role.
    #[must_use]
    pub fn named(name: &str) -> Option<Role> {
        Role::ALL.into_iter().find(|role| role.name() == name)
    }
}

/// A set of roles. In the store it is a number: bit n is the n-th role of [`Role::ALL`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub struct Roles(u8);

impl Roles {
    pub const NONE: Roles = Roles(0);
    pub const ALL: Roles = Roles((1 << Role::ALL.len()) - 1);

    #[must_use]
    pub const fn with(self, role: Role) -> Roles {
        Roles(self.0 | 1 << role as u8)
    }

    #[must_use]
    pub const fn has(self, role: Role) -> bool {
        self.0 & 1 << role as u8 != 0
    }

    /// True if the two sets have a role in common.
    #[must_use]
    pub const fn meets(self, other: Roles) -> bool {
        self.0 & other.0 != 0
    }

    #[must_use]
    pub fn is_empty(self) -> bool {
        self == Roles::NONE
    }

    pub fn iter(self) -> impl Iterator<Item = Role> {
        Role::ALL.into_iter().filter(move |role| self.has(*role))
    }

    /// Number for the store; see [`Self::from_code`].
    #[must_use]
    pub fn code(self) -> u8 {
        self.0
    }

    /// Returns `None` if the number contains a role that this release does not know.
    #[must_use]
    pub fn from_code(code: u8) -> Option<Roles> {
        (code & !Roles::ALL.0 == 0).then_some(Roles(code))
    }
}

impl FromIterator<Role> for Roles {
    fn from_iter<I: IntoIterator<Item = Role>>(roles: I) -> Self {
        roles.into_iter().fold(Roles::NONE, Roles::with)
    }
}

impl fmt::Display for Roles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.iter().map(Role::name).collect();
        f.write_str(&names.join(", "))
    }
}

/// The tenants for which a caller is authorized (R1).
#[derive(Debug, Clone, PartialEq, Eq, Default, Hash)]
pub enum Tenants {
    /// All tenants, including those that do not exist yet.
    #[default]
    All,
    Only(BTreeSet<TenantId>),
}

impl Tenants {
    pub const NONE: Tenants = Tenants::Only(BTreeSet::new());

    /// True if the tenant is included.
    #[must_use]
    pub fn has(&self, tenant: &TenantId) -> bool {
        match self {
            Tenants::All => true,
            Tenants::Only(tenants) => tenants.contains(tenant),
        }
    }

    /// True if all of `others` are included: nobody can pass on more than they have.
    #[must_use]
    pub fn include(&self, others: &Tenants) -> bool {
        match (self, others) {
            (Tenants::All, _) => true,
            (Tenants::Only(_), Tenants::All) => false,
            (Tenants::Only(have), Tenants::Only(others)) => others.is_subset(have),
        }
    }

    /// Number of tenants that are listed; 0 for `All`.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Tenants::All => 0,
            Tenants::Only(tenants) => tenants.len(),
        }
    }

    /// True if no tenant is listed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Union with the others.
    #[must_use]
    pub fn and(self, others: &Tenants) -> Tenants {
        match (self, others) {
            (Tenants::Only(mut these), Tenants::Only(others)) => {
                these.extend(others.iter().cloned());
                Tenants::Only(these)
            }
            _ => Tenants::All,
        }
    }
}

/// Highest number of tenants listed in a text; of more it gives the number.
const MAX_NAMED: usize = 10;

impl fmt::Display for Tenants {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Tenants::Only(tenants) = self else { return f.write_str("all tenants") };
        let named: Vec<&str> = tenants.iter().take(MAX_NAMED).map(TenantId::as_str).collect();
        f.write_str(&named.join(", "))?;
        match tenants.len().saturating_sub(MAX_NAMED) {
            0 => Ok(()),
            more => write!(f, " and {more} more"),
        }
    }
}
