//! Checks the origin of requests. Without credentials, every client that reaches the API may do everything, and a
//! browser on this machine reaches it for any page that it shows. Such requests are recognized by headers that a page
//! cannot forge.

use std::net::IpAddr;

use http::header::{HOST, ORIGIN};
use http::{HeaderMap, HeaderName, Uri};

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// The header by which a request is refused: it is not meant for this server, or comes from a page of another site.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Foreign {
    /// `:authority` or `Host`: it names another machine, as after DNS rebinding.
    Host,
    /// `Origin`: a page of another site.
    Origin,
    /// `Sec-Fetch-Site`: the browser says that a page of another site makes the request.
    Site,
}

impl Foreign {
    /// Short description, for a port that accepts no credentials at all.
    #[must_use]
    pub fn header(self) -> &'static str {
        match self {
            Foreign::Host => "the header host does not name this machine",
            Foreign::Origin => "the header origin names a page of another site",
            Foreign::Site => "the header sec-fetch-site says that a page of another site makes the call",
        }
    }

    /// Description, with the names that a server without credentials accepts.
    #[must_use]
    pub fn message(self) -> &'static str {
        match self {
            Foreign::Host => {
                "The header :authority (Host) does not name this machine. A server without credentials answers to \
                 localhost, to its addresses, and to the names of --host-name."
            }
            Foreign::Origin => {
                "The header origin names a page of another site. A server without credentials does not accept calls \
                 from it."
            }
            Foreign::Site => {
                "The header sec-fetch-site says that a page of another site makes this call. A server without \
                 credentials does not accept it."
            }
        }
    }
}

/// Names under which the server can be reached.
#[derive(Debug, Clone)]
pub struct HostNames {
    names: Vec<String>,
    /// Address on which it listens. If it is a loopback address, only loopback addresses mean this server; otherwise,
    /// any address may be one of this machine.
    listen: IpAddr,
}

impl HostNames {
    /// `names`: in addition to `localhost`.
    #[must_use]
    pub fn new(listen: IpAddr, names: Vec<String>) -> Self {
        Self { names, listen }
    }

    /// True if `authority` is a name of the server, with or without a port. An address cannot be pointed elsewhere, as
    /// a name can.
    fn has(&self, authority: &str) -> bool {
        let Some(host) = host_of(authority) else { return false };
        match host.trim_matches(['[', ']']).parse::<IpAddr>() {
            Ok(address) => address.to_canonical().is_loopback() || !self.listen.is_loopback(),
            Err(_) => {
                let host = host.strip_suffix('.').unwrap_or(host);
                host.eq_ignore_ascii_case("localhost") || self.names.iter().any(|name| host.eq_ignore_ascii_case(name))
            }
        }
    }

    /// Checks that a request is meant for this server, and does not come from a page of another site.
    ///
    /// # Errors
    /// [`Foreign`]
    pub fn check(&self, uri: &Uri, headers: &HeaderMap) -> Result<(), Foreign> {
        let in_uri = uri.authority().map(http::uri::Authority::as_str);
        let hosts = headers.get_all(HOST).iter().map(|host| host.to_str().unwrap_or_default());
        let mut authorities = in_uri.into_iter().chain(hosts).peekable();
        // A request without a host does not say which server it is meant for.
        if authorities.peek().is_none() || !authorities.all(|authority| self.has(authority)) {
            return Err(Foreign::Host);
        }
        self.check_page(uri, headers)
    }

    /// Checks that a request does not come from a page of another site; does not check the host.
    ///
    /// # Errors
    /// [`Foreign::Origin`], [`Foreign::Site`]
    pub fn check_page(&self, uri: &Uri, headers: &HeaderMap) -> Result<(), Foreign> {
        let site = headers.get_all(SEC_FETCH_SITE).iter();
        if !site.map(http::HeaderValue::as_bytes).all(|site| site == b"same-origin" || site == b"none") {
            return Err(Foreign::Site);
        }
        let mut origins = headers.get_all(ORIGIN).iter().peekable();
        if origins.peek().is_none() {
            return Ok(());
        }
        let host = headers.get(HOST).and_then(|host| host.to_str().ok());
        let own = uri.authority().map(http::uri::Authority::as_str).or(host);
        let is_own = |origin: &http::HeaderValue| {
            let origin = origin.to_str().ok().and_then(|origin| origin.split_once("://"));
            origin.zip(own).is_some_and(|((_, authority), own)| authority.eq_ignore_ascii_case(own))
        };
        if origins.all(is_own) { Ok(()) } else { Err(Foreign::Origin) }
    }
}

/// Returns the host of `host:port`, `[::1]:port` and the like.
fn host_of(authority: &str) -> Option<&str> {
    let (host, port) = match authority.strip_prefix('[') {
        Some(_) => authority.split_at(authority.find(']')? + 1),
        None => authority.split_at(authority.find(':').unwrap_or(authority.len())),
    };
    let is_port = |port: &str| port.len() <= 5 && port.bytes().all(|byte| byte.is_ascii_digit());
    let rest_is_port = port.is_empty() || port.strip_prefix(':').is_some_and(is_port);
    (!host.is_empty() && rest_is_port).then_some(host)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(listen: &str) -> HostNames {
        HostNames::new(listen.parse().unwrap(), vec!["usher".into()])
    }

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect()
    }

    #[test]
    fn a_server_on_this_machine_has_the_names_of_this_machine() {
        for own in [
            "localhost",
            "localhost:50051",
            "LOCALHOST:1",
            "localhost.",
            "127.0.0.1:50051",
            "127.9.8.7",
            "[::1]",
            "[::1]:80",
            "[::ffff:127.0.0.1]:80",
            "usher",
            "Usher:50051",
        ] {
            assert!(names("127.0.0.1").has(own), "{own}");
        }
        for other in [
            "",
            ":50051",
            "evil.example",
            "localhost.evil.example",
            "127.0.0.1.evil.example",
            "evil@localhost",
            "localhost:x",
            "localhost:50051:1",
            "localhost, evil.example",
            "10.0.0.1:50051",
            "0.0.0.0",
            "[::2]",
            "[::1",
            "[::1]x",
            "xlocalhost",
            "localhost:123456",
            "usher.evil.example",
            "::1",
            "2130706433",
            "0x7f.1",
        ] {
            assert!(!names("127.0.0.1").has(other), "{other}");
        }
    }

    #[test]
    fn a_server_for_other_machines_has_any_address_and_its_names() {
        for own in ["10.0.0.1:50051", "[2001:db8::1]:50051", "localhost", "usher:50051"] {
            assert!(names("0.0.0.0").has(own), "{own}");
        }
        assert!(!names("0.0.0.0").has("evil.example:50051"));
    }

    #[test]
    fn every_header_is_looked_at() {
        let uri: Uri = "http://localhost:50051/a/B".parse().unwrap();
        let path: Uri = "/a/B".parse().unwrap();
        let check = |uri: &Uri, pairs: &[(&'static str, &str)]| names("127.0.0.1").check(uri, &headers(pairs));
        assert_eq!(check(&uri, &[]), Ok(()));
        assert_eq!(check(&path, &[("host", "localhost:50051")]), Ok(()));
        assert_eq!(check(&path, &[]), Err(Foreign::Host));
        assert_eq!(check(&uri, &[("host", "evil.example")]), Err(Foreign::Host));
        assert_eq!(check(&path, &[("host", "localhost"), ("host", "evil.example")]), Err(Foreign::Host));
        for site in ["cross-site", "same-site", "", "Same-Origin"] {
            assert_eq!(check(&uri, &[("sec-fetch-site", site)]), Err(Foreign::Site), "{site}");
        }
        for site in ["same-origin", "none"] {
            assert_eq!(check(&uri, &[("sec-fetch-site", site)]), Ok(()), "{site}");
        }
        assert_eq!(check(&uri, &[("sec-fetch-site", "none"), ("sec-fetch-site", "cross-site")]), Err(Foreign::Site));
        assert_eq!(check(&uri, &[("origin", "http://localhost:50051")]), Ok(()));
        assert_eq!(check(&path, &[("host", "localhost:1"), ("origin", "http://localhost:1")]), Ok(()));
        for origin in
            ["null", "http://localhost", "http://localhost:8080", "https://evil.example", "http://127.0.0.1:50051"]
        {
            assert_eq!(check(&uri, &[("origin", origin)]), Err(Foreign::Origin), "{origin}");
        }
    }
}
