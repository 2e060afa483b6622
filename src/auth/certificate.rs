//! Identifies the holder of a client certificate by its subject alternative names.

use super::{Principal, spiffe};
use crate::ledger::access::{Roles, Tenants};
use crate::ledger::change::Actor;

/// Maximum length of a name of a certificate, in bytes.
const MAX_NAME_BYTES: usize = 254;

/// A rule for certificates with certain names: the roles and tenants of their holders.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateRule {
    pub pattern: Pattern,
    /// Name of the holder in the audit, after `cert:`. `None`: the name in the certificate.
    pub name: Option<String>,
    pub roles: Roles,
    pub tenants: Tenants,
}

/// A pattern for subject alternative names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pattern {
    Uri(String),
    /// URIs that begin with this, and continue.
    UriFrom(String),
    /// A name in lower case.
    Dns(String),
    /// Names of one label and this suffix, which begins with a dot; in lower case.
    DnsUnder(String),
}

impl Pattern {
    /// Parses a pattern for URIs; `*` may stand for the rest of a path.
    ///
    /// # Errors
    /// The reason why the pattern is invalid.
    pub fn uri(text: &str) -> Result<Self, &'static str> {
        let path = |text: &str| text.split_once("://").is_some_and(|(_, rest)| rest.find('/').is_some_and(|at| at > 0));
        match text.strip_suffix('*') {
            _ if text.is_empty() => Err("must not be empty"),
            None if text.contains('*') => Err("may have a * only at its end"),
            None if spiffe::claims_to_be_one(text) => spiffe::validate(text).map(|()| Self::Uri(text.into())),
            None => Ok(Self::Uri(text.into())),
            Some(start) if start.contains('*') => Err("may have a * only at its end"),
            // `spiffe://example.org*` would also match `spiffe://example.org.evil`.
            Some(start) if !start.ends_with('/') || !path(start) => Err("may have a * only for the rest of a path"),
            Some(start) if spiffe::claims_to_be_one(start) => {
                spiffe::validate(start.strip_suffix('/').unwrap_or(start)).map(|()| Self::UriFrom(start.into()))
            }
            Some(start) => Ok(Self::UriFrom(start.into())),
        }
    }

    /// Parses a pattern for DNS names; `*` may stand for the first label.
    ///
    /// # Errors
    /// The reason why the pattern is invalid.
    pub fn dns(text: &str) -> Result<Self, &'static str> {
        let name = text.strip_prefix('*').unwrap_or(text);
        let plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        if name.contains('*') || (name.len() < text.len() && !name.starts_with('.')) {
            return Err("may have a * only for the whole of its first label");
        }
        if name.trim_start_matches('.').is_empty() || !name.chars().all(plain) {
            return Err("must be a name such as login.example.org");
        }
        let name = name.to_ascii_lowercase();
        Ok(if name.len() < text.len() { Self::DnsUnder(name) } else { Self::Dns(name) })
    }

    fn is_uri(&self, uri: &str) -> bool {
        match self {
            Pattern::Uri(text) => uri == text,
            Pattern::UriFrom(start) => uri.strip_prefix(&**start).is_some_and(is_canonical_path),
            Pattern::Dns(_) | Pattern::DnsUnder(_) => false,
        }
    }

    fn is_dns(&self, dns: &str) -> bool {
        let dns = dns.to_ascii_lowercase();
        match self {
            Pattern::Dns(name) => dns == *name,
            Pattern::DnsUnder(rest) => {
                let label = dns.strip_suffix(&**rest);
                label.is_some_and(|label| !label.is_empty() && !label.contains(['.', '*']))
            }
            Pattern::Uri(_) | Pattern::UriFrom(_) => false,
        }
    }
}

/// True if `rest` is the rest of a path that can be read in only one way: no segment is empty or goes up, nothing is
/// percent-encoded, and no query follows.
fn is_canonical_path(rest: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~:@!$&'()*+,;=".contains(&byte);
    rest.split('/').all(|segment| !matches!(segment, "" | "." | "..") && segment.bytes().all(plain))
}

impl CertificateRule {
    /// Returns the first of the certificate's names that matches, URIs before DNS names.
    #[must_use]
    pub fn matches<'a>(&self, uris: &[&'a str], dns: &[&'a str]) -> Option<&'a str> {
        let fits = |name: &&&str| name.len() <= MAX_NAME_BYTES && !name.chars().any(char::is_control);
        let uri = uris.iter().filter(fits).find(|uri| self.pattern.is_uri(uri));
        uri.or_else(|| dns.iter().filter(fits).find(|dns| self.pattern.is_dns(dns))).copied()
    }

    /// Returns the holder of a certificate with these names, if one of them matches.
    #[must_use]
    pub fn principal(&self, uris: &[&str], dns: &[&str]) -> Option<Principal> {
        let found = self.matches(uris, dns)?;
        let name = self.name.as_deref().unwrap_or(found);
        Some(Principal::new(Actor(format!("cert:{name}").into()), self.roles, self.tenants.clone()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_the_rest_of_a_path() {
        let exact = Pattern::uri("spiffe://example.org/login").unwrap();
        assert!(exact.is_uri("spiffe://example.org/login") && !exact.is_uri("spiffe://example.org/login/eu"));
        let many = Pattern::uri("spiffe://example.org/login/*").unwrap();
        assert!(many.is_uri("spiffe://example.org/login/eu/1"));
        for other in ["spiffe://example.org/login/", "spiffe://example.org/logins", "spiffe://example.com/login/eu", ""]
        {
            assert!(!many.is_uri(other), "{other}");
        }
        assert!(!many.is_dns("spiffe://example.org/login/eu") && !exact.is_dns("spiffe://example.org/login"));
        for wrong in ["", "*", "spiffe://*", "spiffe:///*", "spiffe://example.org*", "spiffe://*/login", "a/*/*", "a/*"]
        {
            assert!(Pattern::uri(wrong).is_err(), "{wrong}");
        }
        for never_valid in ["spiffe://Example.org/login", "spiffe://example.org/login//*", "spiffe://example.org/../*"]
        {
            assert!(Pattern::uri(never_valid).is_err(), "{never_valid}");
        }
    }

    #[test]
    fn a_star_stands_for_no_path_that_can_be_read_in_two_ways() {
        let many = Pattern::uri("https://example.org/login/*").unwrap();
        assert!(many.is_uri("https://example.org/login/eu@1/a..b/~c"));
        for rest in
            ["../ops", "..", "./eu", "eu/../../ops", "%2e%2e/ops", "eu%2fus", "/eu", "eu/", "eu?a", "eu#a", "e\\u"]
        {
            assert!(!many.is_uri(&format!("https://example.org/login/{rest}")), "{rest}");
        }
    }

    #[test]
    fn a_star_stands_for_one_label() {
        let exact = Pattern::dns("Login.example.org").unwrap();
        assert!(exact.is_dns("login.EXAMPLE.org") && !exact.is_dns("eu.login.example.org"));
        let many = Pattern::dns("*.login.example.org").unwrap();
        assert!(many.is_dns("EU.login.example.org"));
        for other in ["login.example.org", ".login.example.org", "a.b.login.example.org", "*.login.example.org", ""] {
            assert!(!many.is_dns(other), "{other}");
        }
        assert!(!many.is_uri("eu.login.example.org") && !exact.is_uri("login.example.org"));
        for wrong in ["", "*", "*.", ".", "*login.example.org", "eu.*.example.org", "a b", "https://example.org"] {
            assert!(Pattern::dns(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_audit_calls_a_holder_as_the_rule_or_the_certificate_does() {
        let mut rule = CertificateRule {
            pattern: Pattern::uri("spiffe://example.org/login/*").unwrap(),
            name: Some("login".into()),
            roles: Roles::ALL,
            tenants: Tenants::All,
        };
        let uris =
            ["spiffe://example.org/login/\u{7}", "spiffe://example.org/login/eu", "spiffe://example.org/login/us"];
        let actor = |rule: &CertificateRule| rule.principal(&uris, &["login.example.org"]).unwrap().actor;
        assert_eq!(actor(&rule), Actor("cert:login".into()));
        rule.name = None;
        assert_eq!(actor(&rule), Actor("cert:spiffe://example.org/login/eu".into()));
        rule.pattern = Pattern::dns("login.example.org").unwrap();
        assert_eq!(actor(&rule), Actor("cert:login.example.org".into()));
        assert_eq!(rule.principal(&uris, &["example.org"]), None);
        assert_eq!(rule.principal(&[], &[]), None);
    }
}
