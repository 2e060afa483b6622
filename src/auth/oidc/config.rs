//! Configuration of an issuer of tokens.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use http::Uri;

use crate::https::{self, NotSent};
use crate::ids::TenantId;
use crate::ledger::access::Roles;

/// The issuer whose tokens are accepted, and the permissions of their holders.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OidcConfig {
    /// Exact value of the claim `iss`.
    pub issuer: String,
    /// Value that the claim `aud` is or contains.
    pub audience: String,
    pub keys: KeysFrom,
    /// Rules; all that match add up, and each gives its roles only for its own tenants.
    pub rules: Vec<Rule>,
    /// Claim with the name of the holder in the audit; `sub` if a token has no such claim.
    pub name_claim: String,
}

/// Location of the issuer's keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeysFrom {
    File(PathBuf),
    /// `https`, or `http` on this machine.
    Url(Uri),
}

impl KeysFrom {
    /// Parses a file name or a URL.
    ///
    /// # Errors
    /// The reason why the URL is invalid.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        if text.is_empty() {
            return Err("must not be empty");
        }
        if !text.contains("://") {
            return Ok(Self::File(text.into()));
        }
        https::address(text).map(Self::Url).map_err(|why| match why {
            NotSent::Form => "is neither a file nor a URL such as https://idp.example.org/keys",
            NotSent::Password => "must have no user and no password: keys are public",
            NotSent::Plain => "must be https:// unless it is on this machine: whoever changes the keys can sign tokens",
        })
    }

    /// Makes a file name relative to this folder.
    #[must_use]
    pub fn beside(self, folder: &Path) -> Self {
        match self {
            Self::File(file) => Self::File(folder.join(file)),
            url @ Self::Url(_) => url,
        }
    }
}

/// A rule that gives roles for a claim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// Name of the claim, or a path with dots such as `realm_access.roles`.
    pub claim: String,
    /// Value that the claim is or contains. `None`: any text.
    pub value: Option<String>,
    pub roles: Roles,
    pub tenants: RuleTenants,
}

/// Tenants for which a rule gives its roles.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RuleTenants {
    All,
    Only(BTreeSet<TenantId>),
    /// Tenants that this claim names: a text, or a list of texts.
    FromClaim(String),
}
