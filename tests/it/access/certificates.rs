//! Client certificates that are valid at the handshake but expire or are revoked later; and ambiguous names in
//! certificates.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tonic::Code;
use tonic::transport::Channel;
use usher::proto::v1;
use usher::proto::v1::session_service_client::SessionServiceClient;
use usher::proto::v1::tenant_service_client::TenantServiceClient;

use super::fixture::{Fixture, secure, shape, text_of};
use crate::support::pki::{Pair, Pki};
use crate::support::program::Program;

/// Timeout of events that must happen; only a failing test waits this long.
const SOON: Duration = Duration::from_secs(60);

const LOGIN: &str = "spiffe://example.org/login/eu";

/// Starts a program that accepts certificates of `login/*` as managers of the tenant `demo`.
fn serve(fixture: &Fixture, pki: &Pki, more: &[&str]) -> Program {
    let server = pki.server("server");
    let (certificate, key, ca) = (text_of(&server.certificate), text_of(&server.key), text_of(&pki.ca()));
    let access = fixture.file(
        "access.toml",
        "[[certificate]]\nuri = \"spiffe://example.org/login/*\"\nroles = [\"manager\"]\ntenants = [\"demo\"]\n\
         [[certificate]]\ndns = \"login.example.org\"\nroles = [\"manager\"]\ntenants = [\"demo\"]\n",
    );
    let tls = ["--demo", "--tls-cert", &certificate, "--tls-key", &key, "--tls-client-ca", &ca, "--access", &access];
    fixture.start(&[&tls[..], more].concat())
}

fn channel(program: &Program, pki: &Pki, shown: &Pair) -> Channel {
    secure(program, pki.trust().identity(shown.identity()))
}

async fn get(channel: &Channel) -> Result<(), tonic::Status> {
    let mut tenants = TenantServiceClient::new(channel.clone());
    tenants.get_tenant(v1::GetTenantRequest { tenant_id: "demo".into() }).await.map(drop)
}

async fn watch(channel: &Channel) -> tonic::Streaming<v1::WatchSessionsResponse> {
    let request = v1::WatchSessionsRequest { tenant_id: "demo".into(), ..Default::default() };
    SessionServiceClient::new(channel.clone()).watch_sessions(request).await.expect("a watch").into_inner()
}

/// Reads a watch until its connection ends it.
async fn ended(mut watch: tonic::Streaming<v1::WatchSessionsResponse>) {
    let status = loop {
        match tokio::time::timeout(SOON, watch.message()).await.expect("it ends") {
            Ok(Some(_)) => {}
            Ok(None) => panic!("it ended without a word"),
            Err(status) => break status,
        }
    };
    assert_eq!(shape(&status), (Code::Unavailable, "WATCH_ENDED".into()), "{status:?}");
}

#[allow(clippy::disallowed_methods)] // The program uses the machine's clock.
fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs()
}

#[tokio::test]
async fn a_certificate_that_expires_while_its_connection_is_open_is_good_no_more() {
    let fixture = Fixture::new();
    let pki = fixture.pki();
    let program = serve(&fixture, &pki, &[]);
    let end = now() + 4;
    let brief = channel(&program, &pki, &pki.client_until("brief", LOGIN, end));
    let watch = watch(&brief).await;
    let mut calls = 0;
    let last = loop {
        match tokio::time::timeout(SOON, get(&brief)).await.expect("an answer") {
            Ok(()) => calls += 1,
            Err(status) => break status,
        }
    };
    assert!(calls > 0 && now() >= end, "{last:?} after {calls} calls, at {} of {end}", now());
    ended(watch).await;
    for _ in 0..20 {
        get(&brief).await.expect_err("for good");
    }
    program.says("withdrawn=Expired");
    // Another, valid certificate of the same name is accepted as before.
    get(&channel(&program, &pki, &pki.client("long", LOGIN))).await.expect("a manager");
}

#[tokio::test]
async fn a_certificate_that_is_revoked_while_its_connection_is_open_is_good_no_more() {
    let fixture = Fixture::new();
    let pki = fixture.pki();
    let list = text_of(&pki.list("clients", &[]));
    let program = serve(&fixture, &pki, &["--tls-client-crl", &list]);
    let lost = channel(&program, &pki, &pki.client_of_number("lost", LOGIN, 17));
    let kept = channel(&program, &pki, &pki.client_of_number("kept", LOGIN, 18));
    let (watch, kept_watch) = (watch(&lost).await, watch(&kept).await);
    get(&lost).await.expect("a manager");
    pki.list("clients", &[17]);
    program.hang_up();
    program.says("withdrawn=Revoked");
    for _ in 0..20 {
        get(&lost).await.expect_err("from now on");
    }
    ended(watch).await;
    get(&kept).await.expect("a manager");
    drop(kept_watch);
}

#[tokio::test]
async fn an_id_that_is_not_canonical_stands_for_nobody() {
    let fixture = Fixture::new();
    let pki = fixture.pki();
    let program = serve(&fixture, &pki, &[]);
    get(&channel(&program, &pki, &pki.client("good", LOGIN))).await.expect("a manager");
    for (number, uris) in [
        &["spiffe://example.org/login/../ops"][..],
        &["spiffe://example.org/login/%2e%2e/ops"],
        &["spiffe://example.org/login//eu"],
        &["spiffe://example.org/login/eu?ops"],
        &["spiffe://example.org/login/eu#ops"],
        &["spiffe://alice@example.org/login/eu"],
        &["spiffe://Example.org/login/eu"],
        &["SPIFFE://example.org/login/eu"],
        &[LOGIN, "spiffe://example.org/ops"],
        &["spiffe://example.org/ops", LOGIN],
        &[LOGIN, "https://example.org/"],
    ]
    .into_iter()
    .enumerate()
    {
        let odd = channel(&program, &pki, &pki.client_of_several(&format!("odd{number}"), uris));
        let status = get(&odd).await.expect_err("nobody");
        assert_eq!(shape(&status), (Code::Unauthenticated, "CREDENTIAL_UNKNOWN".into()), "{uris:?}: {status:?}");
    }
}
