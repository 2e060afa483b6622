//! Requests to other servers: `https`, or `http` to this machine. The machine's own certificate authorities are
//! trusted; `SSL_CERT_FILE` names a private one.

use std::error::Error;
use std::sync::Arc;

use bytes::Bytes;
use http::uri::{Scheme, Uri};
use http_body_util::Full;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use rustls::{ClientConfig, RootCertStore};

/// HTTP client with TLS.
pub type Client = hyper_util::client::legacy::Client<HttpsConnector<HttpConnector>, Full<Bytes>>;

/// Value of the header `User-Agent` in requests of this program.
pub const USER_AGENT: &str = concat!("usher/", env!("CARGO_PKG_VERSION"));

/// A client that returns redirections as answers, and follows none.
pub fn client() -> Client {
    let connector = HttpsConnectorBuilder::new().with_tls_config(tls()).https_or_http().enable_http1().build();
    // Requests are rare, so no connection is kept open for the next one.
    hyper_util::client::legacy::Client::builder(TokioExecutor::new()).pool_max_idle_per_host(0).build(connector)
}

fn tls() -> ClientConfig {
    let mut roots = RootCertStore::empty();
    // An authority that cannot be read is ignored here; it is an error only when a server's certificate needs it.
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("ring has every safe protocol version")
        .with_root_certificates(roots)
        .with_no_client_auth()
}

/// The reason for which a text is not accepted as an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotSent {
    /// It is not an `http` or `https` URL with a host.
    Form,
    /// It contains a user or a password.
    Password,
    /// It is `http`, and not to this machine.
    Plain,
}

/// Parses the address of another server.
pub fn address(text: &str) -> Result<Uri, NotSent> {
    let uri: Uri = text.parse().map_err(|_| NotSent::Form)?;
    let host = uri.host().filter(|host| !host.is_empty()).ok_or(NotSent::Form)?;
    let here = matches!(host, "localhost" | "127.0.0.1" | "[::1]");
    if uri.authority().is_some_and(|authority| authority.as_str().contains('@')) {
        return Err(NotSent::Password);
    }
    match uri.scheme() {
        Some(scheme) if *scheme == Scheme::HTTPS => Ok(uri),
        Some(scheme) if *scheme == Scheme::HTTP && here => Ok(uri),
        Some(scheme) if *scheme == Scheme::HTTP => Err(NotSent::Plain),
        _ => Err(NotSent::Form),
    }
}

/// An address without path and query, which may contain a secret.
pub fn shown(uri: &Uri) -> String {
    let part = |part: Option<&str>| part.unwrap_or_default().to_owned();
    format!("{}://{}/…", part(uri.scheme_str()), part(uri.authority().map(|authority| authority.as_str())))
}

/// An error and its causes on one line.
pub fn whole(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let more = error.to_string();
        if !text.contains(&more) {
            text += &format!(": {more}");
        }
        cause = error.source();
    }
    text.replace(['\r', '\n'], " ")
}
