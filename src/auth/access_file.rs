//! The file of `--access`: names and permissions of the holders of client certificates and of an issuer's tokens. TOML;
//! nothing in it is secret.

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::fmt;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde::de::{Deserializer, Error, SeqAccess, Visitor};
use toml::Spanned;

use super::certificate::{CertificateRule, Pattern};
use super::oidc::{KeysFrom, OidcConfig, Rule, RuleTenants};
use super::token::{hex, sha256};
use super::{Principal, spiffe};
use crate::files;
use crate::ids::TenantId;
use crate::ledger::access::{Role, Roles, Tenants};

/// Maximum size of the file, in bytes.
const MAX_FILE_BYTES: u64 = 1024 * 1024;
const NAME_CLAIM: &str = "sub";
const ROLES: &str = "application, viewer, manager or operator";

/// Credentials that are accepted in addition to API tokens.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Access {
    pub certificates: Vec<CertificateRule>,
    pub oidc: Option<OidcConfig>,
    /// SHA-256 of the file's text, in hexadecimal digits, by which nodes find out whether they have the same file (C10).
    /// Empty: it was not read from a file.
    pub hash: Box<str>,
}

/// The file, and its error with the line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}: {what}", file.display())]
pub struct AccessError {
    pub file: PathBuf,
    pub what: String,
}

impl Access {
    /// Reads and parses a file.
    ///
    /// # Errors
    /// [`AccessError`]
    pub fn load(file: &Path) -> Result<Self, AccessError> {
        let failed = |what: String| AccessError { file: file.to_owned(), what };
        let text = files::read(file, MAX_FILE_BYTES).map_err(|error| failed(error.to_string()))?;
        let access = Self::parse(&text, file.parent().unwrap_or(Path::new(""))).map_err(failed)?;
        Ok(Self { hash: hex(&sha256(text.as_bytes())).into(), ..access })
    }

    /// Parses the text of a file in `folder`.
    ///
    /// # Errors
    /// The line, the error, and the field.
    pub fn parse(text: &str, folder: &Path) -> Result<Self, String> {
        let file: File = toml::from_str(text).map_err(|error| message(text, error))?;
        let certificates = rules(text, file.certificate, CertificatePart::rule)?;
        let oidc = file.oidc.map(|part| part.config(text, folder)).transpose()?;
        Ok(Self { certificates, oidc, hash: "".into() })
    }

    /// Returns the holder of a certificate with these subject alternative names, by the first rule that matches one of
    /// them. `None` if no rule matches, or if its SPIFFE id is not canonical or not its only URI.
    #[must_use]
    pub fn certificate(&self, uris: &[&str], dns: &[&str]) -> Option<Principal> {
        spiffe::validate_all(uris).ok()?;
        self.certificates.iter().find_map(|rule| rule.principal(uris, dns))
    }
}

/// Formats an error on one line: `line 3: unknown field …, in oidc.rule`.
fn message(text: &str, mut error: toml::de::Error) -> String {
    let line = line(text, error.span().map_or(0, |span| span.start));
    // Without the text, the error names the field instead of showing the line.
    error.set_input(None);
    let what = error.to_string().trim_end().replace("\nin ", ", in ").replace(char::is_control, " ");
    format!("line {line}: {what}")
}

/// Converts tables to rules; the error is that of the first invalid one, with its line.
fn rules<P, R>(text: &str, parts: Vec<Spanned<P>>, rule: fn(P) -> Result<R, &'static str>) -> Result<Vec<R>, String> {
    let one = |part: Spanned<P>| {
        let line = line(text, part.span().start);
        rule(part.into_inner()).map_err(|what| format!("line {line}: {what}"))
    };
    parts.into_iter().map(one).collect()
}

fn line(text: &str, at: usize) -> usize {
    text.bytes().take(at).filter(|byte| *byte == b'\n').count() + 1
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    certificate: Vec<Spanned<CertificatePart>>,
    oidc: Option<OidcPart>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CertificatePart {
    uri: Option<UriPattern>,
    dns: Option<DnsPattern>,
    name: Option<Word>,
    roles: RoleList,
    tenants: TenantList,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OidcPart {
    issuer: Word,
    audience: Word,
    jwks: Jwks,
    name_claim: Option<Word>,
    rule: Rules,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RulePart {
    claim: Word,
    value: Option<Word>,
    roles: RoleList,
    tenants: Option<TenantList>,
    tenants_claim: Option<Word>,
}

impl CertificatePart {
    fn rule(self) -> Result<CertificateRule, &'static str> {
        let pattern = match (self.uri, self.dns) {
            (Some(UriPattern(pattern)), None) | (None, Some(DnsPattern(pattern))) => pattern,
            _ => return Err("needs either uri or dns, in `certificate`"),
        };
        let name = self.name.map(|name| name.0);
        Ok(CertificateRule { pattern, name, roles: self.roles.0, tenants: self.tenants.0 })
    }
}

impl OidcPart {
    fn config(self, text: &str, folder: &Path) -> Result<OidcConfig, String> {
        Ok(OidcConfig {
            issuer: self.issuer.0,
            audience: self.audience.0,
            keys: self.jwks.0.beside(folder),
            rules: rules(text, self.rule.0, RulePart::rule)?,
            name_claim: self.name_claim.map_or_else(|| NAME_CLAIM.into(), |name| name.0),
        })
    }
}

impl RulePart {
    fn rule(self) -> Result<Rule, &'static str> {
        let tenants = match (self.tenants, self.tenants_claim) {
            (Some(TenantList(Tenants::All)), None) => RuleTenants::All,
            (Some(TenantList(Tenants::Only(tenants))), None) => RuleTenants::Only(tenants),
            (None, Some(claim)) => RuleTenants::FromClaim(claim.0),
            _ => return Err("needs either tenants or tenants_claim, in `oidc.rule`"),
        };
        Ok(Rule { claim: self.claim.0, value: self.value.map(|value| value.0), roles: self.roles.0, tenants })
    }
}

/// A value that is deserialized as a simpler type and then parsed, so that the error has its line.
macro_rules! parsed {
    ($name:ident: $inner:ty, from $raw:ty, by $parse:expr) => {
        struct $name($inner);

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                <$raw>::deserialize(deserializer).and_then(|raw| $parse(raw).map(Self).map_err(D::Error::custom))
            }
        }
    };
}

parsed!(Word: String, from String, by word);
parsed!(UriPattern: Pattern, from String, by |text: String| Pattern::uri(&text));
parsed!(DnsPattern: Pattern, from String, by |text: String| Pattern::dns(&text));
parsed!(Jwks: KeysFrom, from String, by |text: String| KeysFrom::parse(&text));
parsed!(RoleList: Roles, from Vec<String>, by roles);
parsed!(Rules: Vec<Spanned<RulePart>>, from Vec<Spanned<RulePart>>, by some);

fn word(text: String) -> Result<String, &'static str> {
    if text.is_empty() || text.chars().any(char::is_control) {
        return Err("must not be empty, and must not contain control characters");
    }
    Ok(text)
}

fn some<T>(list: Vec<T>) -> Result<Vec<T>, &'static str> {
    if list.is_empty() { Err("must not be empty") } else { Ok(list) }
}

fn roles(names: Vec<String>) -> Result<Roles, String> {
    let role = |name: &String| Role::named(name).ok_or_else(|| format!("{name:?} is no role: {ROLES}"));
    some(names)?.iter().map(role).collect()
}

/// Tenants: `"all"`, or a list.
struct TenantList(Tenants);

impl<'de> Deserialize<'de> for TenantList {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TenantsVisitor).map(Self)
    }
}

struct TenantsVisitor;

impl<'de> Visitor<'de> for TenantsVisitor {
    type Value = Tenants;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of tenants, or \"all\"")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Tenants, E> {
        if text == "all" { Ok(Tenants::All) } else { Err(E::custom("must be a list of tenants, or \"all\"")) }
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Tenants, A::Error> {
        let mut tenants = BTreeSet::new();
        while let Some(text) = items.next_element::<String>()? {
            tenants.insert(TenantId::parse(&text).map_err(|error| A::Error::custom(format!("a tenant {error}")))?);
        }
        if tenants.is_empty() {
            return Err(A::Error::custom("must not be empty"));
        }
        Ok(Tenants::Only(tenants))
    }
}
