//! The other end of a connection: its address, and the names in its certificate.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use rustls::pki_types::CertificateDer;
use webpki::EndEntityCert;

use super::principal::Principal;
use super::refused::Refused;
use super::{spiffe, validity};
use crate::ledger::time::WallTime;

/// The other end of a connection.
#[derive(Debug)]
pub struct Peer {
    pub address: SocketAddr,
    /// Names in its certificate, which was verified.
    pub names: Option<Names>,
    /// SHA-256 of its certificate, if it is another node of the installation, on the peers' port.
    pub fingerprint: Option<[u8; 32]>,
    /// When the certificate, or one of its chain, expires.
    end: WallTime,
    revoked: AtomicBool,
    /// Cached principal of the names, with the edition of the rules by which it was found.
    pub(super) known: Mutex<Option<(u64, Option<Arc<Principal>>)>>,
}

/// The subject alternative names of a certificate.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Names {
    pub uris: Vec<String>,
    pub dns: Vec<String>,
}

/// Reason for which a certificate that was valid at the handshake is no longer valid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Withdrawn {
    Expired,
    /// By a revocation list, or because its authority is no longer trusted.
    Revoked,
    /// The store no longer shows the node whose certificate it is.
    Unpinned,
}

impl Peer {
    /// A peer without a certificate.
    #[must_use]
    pub fn new(address: SocketAddr) -> Self {
        Self {
            address,
            names: None,
            fingerprint: None,
            end: WallTime(i64::MAX),
            revoked: AtomicBool::new(false),
            known: Mutex::default(),
        }
    }

    /// Another node of the installation, known by its certificate alone.
    #[must_use]
    pub fn node(address: SocketAddr, fingerprint: [u8; 32]) -> Self {
        Self { fingerprint: Some(fingerprint), ..Self::new(address) }
    }

    /// A peer with a verified chain of certificates, its own first.
    #[must_use]
    pub fn with_certificate(address: SocketAddr, chain: &[CertificateDer<'_>]) -> Self {
        let names = chain.first().map(Names::of);
        if let Some(problem) = names.as_ref().and_then(Names::problem) {
            tracing::warn!(%address, "a client certificate identifies nobody: it {problem}");
        }
        Self { names, end: validity::end_of_chain(chain), ..Self::new(address) }
    }

    /// When the certificate, or one of its chain, expires.
    #[must_use]
    pub fn end(&self) -> WallTime {
        self.end
    }

    /// Revokes the certificate, also for calls on this connection.
    pub fn revoke(&self) {
        self.revoked.store(true, Ordering::Relaxed);
    }

    /// Checks that the certificate is in force.
    ///
    /// # Errors
    /// The certificate was revoked or has expired.
    pub(super) fn check_in_force(&self, now: WallTime) -> Result<(), Refused> {
        if self.revoked.load(Ordering::Relaxed) {
            return Err(Refused::Revoked);
        }
        if now > self.end { Err(Refused::Expired) } else { Ok(()) }
    }
}

impl Names {
    /// Reads the names of a verified certificate; none if it cannot be read.
    #[must_use]
    pub fn of(certificate: &CertificateDer<'_>) -> Self {
        let Ok(certificate) = EndEntityCert::try_from(certificate) else { return Self::default() };
        Self {
            uris: certificate.valid_uri_names().map(str::to_owned).collect(),
            dns: certificate.valid_dns_names().map(str::to_lowercase).collect(),
        }
    }

    /// Returns why these names identify nobody, whatever the rules say.
    #[must_use]
    pub fn problem(&self) -> Option<&'static str> {
        let uris: Vec<&str> = self.uris.iter().map(String::as_str).collect();
        spiffe::validate_all(&uris).err()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_is_in_force_until_its_end_or_its_revocation() {
        let peer = Peer { end: WallTime(1_000), ..Peer::new(SocketAddr::from(([127, 0, 0, 1], 1))) };
        assert_eq!(
            (peer.check_in_force(WallTime(1_000)), peer.check_in_force(WallTime(1_001))),
            (Ok(()), Err(Refused::Expired))
        );
        peer.revoke();
        assert_eq!(peer.check_in_force(WallTime(0)), Err(Refused::Revoked));
    }
}
