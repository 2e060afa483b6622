//! TLS to receivers: the machine's own certificate authorities, ring as everywhere. `SSL_CERT_FILE` names a private
//! authority.

use std::sync::Arc;

use rustls::{ClientConfig, RootCertStore};

pub fn config() -> ClientConfig {
    let mut roots = RootCertStore::empty();
    // An authority that cannot be read is missed when a receiver's certificate needs it, not before.
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("ring has every safe protocol version")
        .with_root_certificates(roots)
        .with_no_client_auth()
}
