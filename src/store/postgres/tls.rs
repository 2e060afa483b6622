//! TLS to the database, with the machine's certificate authorities and the provider ring, as elsewhere in Usher.
//!
//! When TLS is used, the server's certificate is verified. `sslmode=disable` uses no TLS; `prefer`, the default, uses
//! it when the server offers it. `SSL_CERT_FILE` names a private authority.

use std::sync::Arc;

use rustls::{ClientConfig, RootCertStore};
use tokio_postgres::config::{Host, SslMode};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::url::DatabaseUrl;

pub fn connector(url: &DatabaseUrl) -> MakeRustlsConnect {
    let mut roots = RootCertStore::empty();
    let tcp = url.config().get_hosts().iter().any(|host| matches!(host, Host::Tcp(_)));
    if tcp && url.config().get_ssl_mode() != SslMode::Disable {
        // An unreadable authority is no error here: it is missed only when a server's certificate needs it.
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("ring has every safe protocol version")
        .with_root_certificates(roots)
        .with_no_client_auth();
    MakeRustlsConnect::new(config)
}
