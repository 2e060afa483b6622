//! Who this process is to its peers: a key and a certificate that are made at its start and never written down. Nothing
//! in the certificate means anything; its fingerprint in the table of nodes is what peers trust (C9).

use std::fmt;

use rcgen::{CertificateParams, KeyPair};
use ring::digest::{SHA256, digest};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};

use crate::store::nodes::Fingerprint;

/// Key and certificate of this process.
pub struct Identity {
    certificate: CertificateDer<'static>,
    key: PrivatePkcs8KeyDer<'static>,
}

/// No key could be made: the system's source of random numbers fails.
#[derive(Debug, thiserror::Error)]
#[error("cannot make the key for connections between nodes: {0}")]
pub struct IdentityError(#[from] rcgen::Error);

impl Identity {
    /// Makes a key, and a certificate that it signs itself.
    ///
    /// # Errors
    /// [`IdentityError`]
    pub fn generate() -> Result<Self, IdentityError> {
        let key = KeyPair::generate()?;
        let certificate = CertificateParams::default().self_signed(&key)?;
        let key = PrivatePkcs8KeyDer::from(key.serialize_der());
        Ok(Self { certificate: certificate.der().clone(), key })
    }

    /// The fingerprint by which peers know this process.
    #[must_use]
    pub fn fingerprint(&self) -> Fingerprint {
        fingerprint(&self.certificate)
    }

    /// The chain of certificates, which is one, and its key.
    pub(super) fn for_handshakes(&self) -> (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>) {
        (vec![self.certificate.clone()], self.key.clone_key().into())
    }
}

/// SHA-256 of a certificate.
pub(super) fn fingerprint(certificate: &CertificateDer<'_>) -> Fingerprint {
    let hash = digest(&SHA256, certificate);
    Fingerprint(hash.as_ref().try_into().expect("SHA-256 has 32 bytes"))
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity").field("fingerprint", &self.fingerprint()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_start_is_somebody_else_and_shows_no_key() {
        let (one, two) = (Identity::generate().unwrap(), Identity::generate().unwrap());
        assert_ne!(one.fingerprint(), two.fingerprint());
        assert_eq!(one.fingerprint(), fingerprint(&one.for_handshakes().0[0]));
        assert!(!format!("{one:?}").contains("key"), "{one:?}");
    }
}
