//! TLS between nodes: version 1.3, certificates on both sides, and each certificate known by its fingerprint. Names and
//! dates mean nothing: a node is who the store says it is, for as long as the store says so (C9).

use std::fmt;
use std::sync::{Arc, LazyLock};

use rustls::client::Resumption;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::NoServerSessionStorage;
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, DistinguishedName, Error, ServerConfig, SignatureScheme,
};

use super::identity::{Identity, fingerprint};
use super::pins::Pins;
use crate::store::nodes::Fingerprint;

static PROVIDER: LazyLock<Arc<CryptoProvider>> = LazyLock::new(|| Arc::new(rustls::crypto::ring::default_provider()));
const VERSIONS: &[&rustls::SupportedProtocolVersion] = &[&rustls::version::TLS13];
const HTTP_2: &[u8] = b"h2";

/// Accepts the nodes that are pinned. A session is never resumed: a resumed handshake would look at no certificate.
pub(super) fn server_config(identity: &Identity, pins: Arc<Pins>) -> Result<ServerConfig, Error> {
    let (chain, key) = identity.for_handshakes();
    let builder = ServerConfig::builder_with_provider(Arc::clone(&PROVIDER)).with_protocol_versions(VERSIONS)?;
    let mut config = builder.with_client_cert_verifier(Arc::new(OfPinned(pins))).with_single_cert(chain, key)?;
    config.alpn_protocols = vec![HTTP_2.to_vec()];
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.send_tls13_tickets = 0;
    Ok(config)
}

/// Connects to the node with this fingerprint, and to no other.
pub(super) fn client_config(identity: &Identity, peer: Fingerprint) -> Result<ClientConfig, Error> {
    let (chain, key) = identity.for_handshakes();
    let builder = ClientConfig::builder_with_provider(Arc::clone(&PROVIDER)).with_protocol_versions(VERSIONS)?;
    let builder = builder.dangerous().with_custom_certificate_verifier(Arc::new(OfOne(peer)));
    let mut config = builder.with_client_auth_cert(chain, key)?;
    config.alpn_protocols = vec![HTTP_2.to_vec()];
    config.resumption = Resumption::disabled();
    config.enable_sni = false;
    Ok(config)
}

/// Verifies that a server has the key of the one certificate that is expected.
#[derive(Debug)]
struct OfOne(Fingerprint);

/// Verifies that a client has the key of a certificate that is pinned now.
struct OfPinned(Arc<Pins>);

/// A certificate that nobody knows.
const STRANGER: Error = Error::InvalidCertificate(CertificateError::ApplicationVerificationFailure);

/// The methods of both verifiers that prove that the other side has the key of its certificate.
macro_rules! signatures {
    () => {
        /// Cannot be reached: no other version is offered.
        fn verify_tls12_signature(
            &self,
            _message: &[u8],
            _certificate: &CertificateDer<'_>,
            _signature: &DigitallySignedStruct,
        ) -> Result<HandshakeSignatureValid, Error> {
            Err(Error::General("nodes talk TLS 1.3".to_owned()))
        }

        fn verify_tls13_signature(
            &self,
            message: &[u8],
            certificate: &CertificateDer<'_>,
            signature: &DigitallySignedStruct,
        ) -> Result<HandshakeSignatureValid, Error> {
            verify_tls13_signature(message, certificate, signature, &PROVIDER.signature_verification_algorithms)
        }

        fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
            PROVIDER.signature_verification_algorithms.supported_schemes()
        }
    };
}

impl ServerCertVerifier for OfOne {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        _others: &[CertificateDer<'_>],
        _name: &ServerName<'_>,
        _ocsp: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        if fingerprint(certificate) == self.0 { Ok(ServerCertVerified::assertion()) } else { Err(STRANGER) }
    }

    signatures!();
}

impl ClientCertVerifier for OfPinned {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        certificate: &CertificateDer<'_>,
        _others: &[CertificateDer<'_>],
        _now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        match self.0.of(fingerprint(certificate)) {
            Some(_) => Ok(ClientCertVerified::assertion()),
            None => {
                self.0.strangers.notify_one();
                Err(STRANGER)
            }
        }
    }

    signatures!();
}

impl fmt::Debug for OfPinned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OfPinned").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use tokio_rustls::{TlsAcceptor, TlsConnector};

    use super::*;
    use crate::clock::Clock;
    use crate::ids::NodeId;
    use crate::peers::tests::row;
    use crate::store::nodes::NodeState;

    /// Shakes hands. The client reads until the server has accepted it.
    async fn shake_hands(client: ClientConfig, server: ServerConfig) -> (io::Result<()>, io::Result<()>) {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};
        let (here, there) = tokio::io::duplex(64 * 1024);
        let server = async move {
            let mut socket = TlsAcceptor::from(Arc::new(server)).accept(there).await?;
            socket.write_all(b"!").await?;
            socket.flush().await
        };
        let client = async move {
            let name = ServerName::try_from("peer").unwrap();
            let mut socket = TlsConnector::from(Arc::new(client)).connect(name, here).await?;
            socket.read_exact(&mut [0]).await.map(drop)
        };
        tokio::join!(client, server)
    }

    fn pins(own: &Identity, pinned: &[&Identity]) -> Arc<Pins> {
        let pins = Pins::new(own.fingerprint(), Clock::system());
        let row =
            |identity: &&Identity| row(NodeId::random(), NodeState::Active, "127.0.0.1:1", identity.fingerprint());
        pins.follow(&pinned.iter().map(row).collect::<Vec<_>>());
        Arc::new(pins)
    }

    #[tokio::test]
    async fn only_who_is_pinned_gets_in_and_only_who_is_meant_is_talked_to() {
        let [one, two, other] = [(); 3].map(|()| Identity::generate().unwrap());
        let server = || server_config(&two, pins(&two, &[&one])).unwrap();
        let (client, served) = shake_hands(client_config(&one, two.fingerprint()).unwrap(), server()).await;
        assert!(client.is_ok() && served.is_ok(), "{client:?} {served:?}");
        let (client, served) = shake_hands(client_config(&other, two.fingerprint()).unwrap(), server()).await;
        assert!(client.is_err() && served.is_err(), "a stranger");
        let (client, served) = shake_hands(client_config(&one, other.fingerprint()).unwrap(), server()).await;
        assert!(client.is_err() && served.is_err(), "another server");
    }

    /// The certificate of a node is no secret: who shows it must have its key.
    #[tokio::test]
    async fn a_certificate_without_its_key_is_nobody() {
        let [one, two, thief] = [(); 3].map(|()| Identity::generate().unwrap());
        let stolen = |of: &Identity| rustls::sign::CertifiedKey {
            cert: of.for_handshakes().0,
            key: PROVIDER.key_provider.load_private_key(thief.for_handshakes().1).unwrap(),
            ocsp: None,
        };
        let resolver = |of: &Identity| Arc::new(rustls::sign::SingleCertAndKey::from(stolen(of)));
        let good = || client_config(&one, two.fingerprint()).unwrap();
        let mut client = good();
        client.client_auth_cert_resolver = resolver(&one);
        let (_, served) = shake_hands(client, server_config(&two, pins(&two, &[&one])).unwrap()).await;
        assert!(served.is_err(), "the client is not who it says");
        let mut server = server_config(&two, pins(&two, &[&one])).unwrap();
        server.cert_resolver = resolver(&two);
        assert!(shake_hands(good(), server).await.0.is_err(), "the server is not who it says");
    }

    #[tokio::test]
    async fn neither_an_old_version_nor_a_client_without_a_certificate_gets_in() {
        let [one, two] = [(); 2].map(|()| Identity::generate().unwrap());
        let server = || server_config(&two, pins(&two, &[&one])).unwrap();
        let verifier = || Arc::new(OfOne(two.fingerprint()));
        const OLD: &[&rustls::SupportedProtocolVersion] = &[&rustls::version::TLS12];
        let of = |versions| ClientConfig::builder_with_provider(Arc::clone(&PROVIDER)).with_protocol_versions(versions);
        let (chain, key) = one.for_handshakes();
        let old = of(OLD).unwrap().dangerous().with_custom_certificate_verifier(verifier());
        let old = old.with_client_auth_cert(chain, key).unwrap();
        let (client, served) = shake_hands(old, server()).await;
        assert!(client.is_err() && served.is_err());
        let anonymous = of(VERSIONS).unwrap().dangerous().with_custom_certificate_verifier(verifier());
        let (client, served) = shake_hands(anonymous.with_no_client_auth(), server()).await;
        assert!(client.is_err() && served.is_err());
    }
}
