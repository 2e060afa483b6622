//! The other end of a connection: where it is, and whom its certificate names.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use rustls::pki_types::CertificateDer;
use webpki::EndEntityCert;

use super::principal::Principal;

/// The other end of a connection.
#[derive(Debug)]
pub struct Peer {
    pub address: SocketAddr,
    /// Of a certificate that was verified.
    pub names: Option<Names>,
    /// Who the names stood for when somebody last looked, and by which edition of the rules.
    pub(super) known: Mutex<Option<(u64, Option<Arc<Principal>>)>>,
}

/// The subject alternative names of a certificate.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Names {
    pub uris: Vec<String>,
    pub dns: Vec<String>,
}

impl Peer {
    #[must_use]
    pub fn new(address: SocketAddr, names: Option<Names>) -> Self {
        Self { address, names, known: Mutex::default() }
    }
}

impl Names {
    /// Of a certificate that was verified; of one that cannot be read there are none.
    #[must_use]
    pub fn of(certificate: &CertificateDer<'_>) -> Self {
        let Ok(certificate) = EndEntityCert::try_from(certificate) else { return Self::default() };
        Self {
            uris: certificate.valid_uri_names().map(str::to_owned).collect(),
            dns: certificate.valid_dns_names().map(str::to_lowercase).collect(),
        }
    }
}
