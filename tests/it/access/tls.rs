//! TLS: its versions, its negotiation, its time limits; and renewal of certificates while calls go on.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore, SupportedProtocolVersion, version};
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use usher::proto::v1;
use usher::proto::v1::tenant_service_client::TenantServiceClient;

use super::fixture::{Fixture, line, secure, secure_at, text_of};
use crate::support::pki::{Pair, Pki};
use crate::support::program::Program;

const SOON: Duration = Duration::from_secs(60);

fn serve(fixture: &Fixture, pair: &Pair, more: &[&str]) -> Program {
    let (certificate, key) = (text_of(&pair.certificate), text_of(&pair.key));
    fixture.start(&[&["--demo", "--tls-cert", &certificate, "--tls-key", &key], more].concat())
}

/// Does a handshake only.
async fn handshake(
    program: &Program,
    pki: &Pki,
    versions: &[&'static SupportedProtocolVersion],
) -> io::Result<TlsStream<TcpStream>> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(pki.ca()).expect("a certificate")).expect("an authority");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider).with_protocol_versions(versions).expect("versions");
    let mut config = builder.with_root_certificates(roots).with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec()];
    let socket = TcpStream::connect(program.api).await?;
    TlsConnector::from(Arc::new(config)).connect(ServerName::try_from("localhost").expect("a name"), socket).await
}

#[tokio::test]
async fn tls_1_3_is_spoken_and_1_2_where_it_is_allowed() {
    let fixture = Fixture::new();
    let pki = fixture.pki();
    let server = pki.server("server");
    let strict = serve(&fixture, &server, &[]);
    let stream = handshake(&strict, &pki, &[&version::TLS13]).await.expect("a connection");
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
    handshake(&strict, &pki, &[&version::TLS12]).await.expect_err("1.2 is not allowed");
    strict.terminate();
    assert!(strict.ended().status.success());
    let lenient = serve(&fixture, &server, &["--tls-1-2"]);
    for versions in [&version::TLS12, &version::TLS13] {
        handshake(&lenient, &pki, &[versions]).await.expect("a connection");
    }
}

#[tokio::test]
async fn plaintext_and_silence_come_to_nothing() {
    let fixture = Fixture::new();
    let program = serve(&fixture, &fixture.pki().server("server"), &["--first-call-timeout", "200ms"]);
    let plain = TenantServiceClient::new(line(&program.channel(), &fixture.admin));
    plain.clone().list_tenants(v1::ListTenantsRequest::default()).await.expect_err("no plaintext");
    // A client that sends nothing is disconnected.
    let mut silent = TcpStream::connect(program.api).await.expect("a connection");
    let read = tokio::time::timeout(SOON, silent.read(&mut [0; 16])).await.expect("it is closed");
    assert!(matches!(read, Ok(0) | Err(_)), "{read:?}");
    let (_, page) = crate::shell::page(program.ops, "/metrics");
    let failed =
        page.lines().find_map(|line| line.strip_prefix("usher_tls_handshakes_failed_total ")?.parse::<u64>().ok());
    assert!(failed >= Some(2), "{failed:?}");
}

/// Calls until `on` is false. With `anew`, each call makes a new connection; else all calls share one.
async fn load(
    fixture_admin: String,
    connect: impl Fn() -> tonic::transport::Channel,
    anew: bool,
    on: Arc<AtomicBool>,
    calls: Arc<AtomicU64>,
) {
    let mut channel = connect();
    while on.load(Ordering::Relaxed) {
        if anew {
            channel = connect();
        }
        let mut tenants = TenantServiceClient::new(line(&channel, &fixture_admin));
        tenants.get_tenant(v1::GetTenantRequest { tenant_id: "demo".into() }).await.expect("no call fails");
        calls.fetch_add(1, Ordering::Relaxed);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn certificates_are_renewed_under_load_without_a_failed_call() {
    let fixture = Fixture::new();
    let pki = fixture.pki();
    let program = serve(&fixture, &pki.server("server"), &[]);
    let shown = async || {
        let stream = handshake(&program, &pki, &[&version::TLS13]).await.expect("a connection");
        stream.get_ref().1.peer_certificates().expect("certificates")[0].to_vec()
    };
    let (on, calls) = (Arc::new(AtomicBool::new(true)), Arc::new(AtomicU64::new(0)));
    let clients: Vec<_> = (0..6)
        .map(|number| {
            let (port, trust) = (program.api.port(), pki.trust());
            let connect = move || secure_at(port, trust.clone());
            tokio::spawn(load(fixture.admin.clone(), connect, number % 2 == 0, Arc::clone(&on), Arc::clone(&calls)))
        })
        .collect();
    for _ in 0..5 {
        let (before, sofar) = (shown().await, calls.load(Ordering::Relaxed));
        pki.server("server");
        program.hang_up();
        while shown().await == before || calls.load(Ordering::Relaxed) < sofar + 100 {
            assert!(clients.iter().all(|client| !client.is_finished()), "a call failed");
            tokio::task::yield_now().await;
        }
    }
    // A certificate that does not match its key is rejected, and the previous one stays in use.
    let good = shown().await;
    std::fs::write(fixture.path("pki/server.key"), "half a file").expect("a file");
    program.hang_up();
    program.says("the previous certificates stay in force");
    assert_eq!(shown().await, good);
    on.store(false, Ordering::Relaxed);
    for client in clients {
        client.await.expect("no call failed");
    }
    assert!(calls.load(Ordering::Relaxed) >= 500);
}

#[tokio::test]
async fn rules_of_the_access_file_are_read_again() {
    let fixture = Fixture::new();
    let pki = fixture.pki();
    let server = pki.server("server");
    let rules = |tenants: &str| {
        let rule = "[[certificate]]\nuri = \"spiffe://example.org/viewer\"\nroles = [\"viewer\"]\n";
        fixture.file("access.toml", &format!("{rule}tenants = {tenants}\n"))
    };
    let (access, ca) = (rules("[\"demo\"]"), text_of(&pki.ca()));
    let program = serve(&fixture, &server, &["--tls-client-ca", &ca, "--access", &access]);
    let client = pki.client("viewer", "spiffe://example.org/viewer");
    // The connection stays open throughout: each call looks up its principal again.
    let mut tenants = TenantServiceClient::new(secure(&program, pki.trust().identity(client.identity())));
    let get = || v1::GetTenantRequest { tenant_id: "demo".into() };
    tenants.get_tenant(get()).await.expect("a viewer");
    rules("[\"other\"]");
    program.hang_up();
    program.says("access file reloaded");
    let status = tenants.get_tenant(get()).await.expect_err("not theirs any more");
    assert_eq!(status.code(), tonic::Code::PermissionDenied);
    fixture.file("access.toml", "[[certificate]]\nroles = []\n");
    program.hang_up();
    program.says("the previous access file stays in force");
    rules("\"all\"");
    program.hang_up();
    program.says("access file reloaded");
    tenants.get_tenant(get()).await.expect("a viewer again");
}
