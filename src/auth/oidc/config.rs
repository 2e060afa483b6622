//! What is configured about an issuer of tokens.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use http::Uri;

use crate::https::{self, NotSent};
use crate::ids::TenantId;
use crate::ledger::access::Roles;

/// Whose tokens are taken, and what their holders may do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OidcConfig {
    /// The claim `iss`, to the letter.
    pub issuer: String,
    /// What the claim `aud` is, or has in its list.
    pub audience: String,
    pub keys: KeysFrom,
    /// All that match add up; each gives its roles for its own tenants only.
    pub rules: Vec<Rule>,
    /// What the audit calls the holder; `sub` where a token has no such claim.
    pub name_claim: String,
}

/// Where the issuer's keys are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeysFrom {
    File(PathBuf),
    /// `https`, or `http` to this very machine.
    Url(Uri),
}

impl KeysFrom {
    /// # Errors
    /// What is wrong with a URL.
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
            NotSent::Plain => "http:// is for this machine only, else https://: whoever changes keys lets in everybody",
        })
    }

    /// The name of a file is meant from this folder on.
    #[must_use]
    pub fn beside(self, folder: &Path) -> Self {
        match self {
            Self::File(file) => Self::File(folder.join(file)),
            url @ Self::Url(_) => url,
        }
    }
}

/// Whoever has a claim has roles.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// A name, or a path with dots such as `realm_access.roles`.
    pub claim: String,
    /// What the claim is, or has in its list. `None`: any text.
    pub value: Option<String>,
    pub roles: Roles,
    pub tenants: RuleTenants,
}

/// For which tenants a rule gives its roles.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RuleTenants {
    All,
    Only(BTreeSet<TenantId>),
    /// Those that this claim names: a text, or a list of texts.
    FromClaim(String),
}
