//! Each handshake checks the client certificate: no session is resumed, neither in TLS 1.2 nor in 1.3.

use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, HandshakeKind, RootCertStore, SupportedProtocolVersion, version};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::fixture::{Fixture, text_of};
use crate::support::pki::{Pair, Pki};
use crate::support::program::Program;

/// Returns a client that can resume sessions, and presents a certificate if there is one.
fn client(pki: &Pki, shown: Option<&Pair>, version: &'static SupportedProtocolVersion) -> TlsConnector {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(pki.ca()).expect("a certificate")).expect("an authority");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider).with_protocol_versions(&[version]).expect("versions");
    let builder = builder.with_root_certificates(roots);
    let mut config = match shown {
        None => builder.with_no_client_auth(),
        Some(pair) => {
            let chain = vec![CertificateDer::from_pem_file(&pair.certificate).expect("a certificate")];
            let key = PrivateKeyDer::from_pem_file(&pair.key).expect("a key");
            builder.with_client_auth_cert(chain, key).expect("a pair")
        }
    };
    config.alpn_protocols = vec![b"h2".to_vec()];
    TlsConnector::from(Arc::new(config))
}

/// Does a handshake and reads the server's first bytes, which include session tickets.
async fn handshake(client: &TlsConnector, program: &Program) -> HandshakeKind {
    let socket = TcpStream::connect(program.api).await.expect("a socket");
    let name = ServerName::try_from("localhost").expect("a name");
    let mut stream = client.connect(name, socket).await.expect("a connection");
    stream.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0").await.expect("it reads");
    stream.read_exact(&mut [0; 9]).await.expect("its settings");
    stream.get_ref().1.handshake_kind().expect("it is done")
}

fn access(fixture: &Fixture) -> String {
    let rule = "[[certificate]]\nuri = \"spiffe://example.org/login\"\nroles = [\"application\"]\ntenants = \"all\"\n";
    fixture.file("access.toml", rule)
}

#[tokio::test]
async fn no_handshake_is_resumed_where_client_certificates_are_taken() {
    let fixture = Fixture::new();
    let pki = fixture.pki();
    let server = pki.server("server");
    let (certificate, key, ca) = (text_of(&server.certificate), text_of(&server.key), text_of(&pki.ca()));
    let tls = ["--tls-cert", &certificate, "--tls-key", &key, "--tls-1-2"];
    let login = pki.client("login", "spiffe://example.org/login");

    let without = fixture.start(&tls);
    for version in [&version::TLS12, &version::TLS13] {
        let client = client(&pki, None, version);
        handshake(&client, &without).await;
        let second = handshake(&client, &without).await;
        assert_eq!(second, HandshakeKind::Resumed, "this client resumes what it may: {version:?}");
    }
    without.terminate();
    assert!(without.ended().status.success());

    let access = access(&fixture);
    let with = fixture.start(&[&tls[..], &["--tls-client-ca", &ca, "--access", &access]].concat());
    for version in [&version::TLS12, &version::TLS13] {
        for shown in [Some(&login), None] {
            let client = client(&pki, shown, version);
            for _ in 0..3 {
                let kind = handshake(&client, &with).await;
                assert_eq!(kind, HandshakeKind::Full, "{version:?}, with a certificate: {}", shown.is_some());
            }
        }
    }
}
