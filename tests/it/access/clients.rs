//! Third-party clients with credentials: grpcurl, and Python's grpcio.

use std::process::Command;

use serde_json::Value;
use usher::proto::v1::Role;

use super::fixture::{Fixture, secure, text_of, token};
use crate::clients::{python, repository, tools};
use crate::support::pki::{Pair, Pki};
use crate::support::program::Program;

const LOGIN: &str = r#"{"tenant_id":"demo","pool_id":"primary","user_id":"ann@demo.example","device_id":"laptop"}"#;

/// A program that speaks TLS, and two credentials of applications: a certificate and a token.
struct Applications {
    fixture: Fixture,
    pki: Pki,
    program: Program,
    certificate: Pair,
    token: String,
}

impl Applications {
    async fn start() -> Self {
        let fixture = Fixture::new();
        let pki = fixture.pki();
        let server = pki.server("server");
        let access = fixture.file(
            "access.toml",
            "[[certificate]]\nuri = \"spiffe://example.org/login\"\nroles = [\"application\"]\ntenants = [\"demo\"]\n",
        );
        let (cert, key, ca) = (text_of(&server.certificate), text_of(&server.key), text_of(&pki.ca()));
        let program = fixture.start(&[
            "--demo",
            "--tls-cert",
            &cert,
            "--tls-key",
            &key,
            "--tls-client-ca",
            &ca,
            "--access",
            &access,
        ]);
        let certificate = pki.client("login", "spiffe://example.org/login");
        let (_, token) =
            token(&secure(&program, pki.trust()), &fixture.admin, "application", &[Role::Application], &["demo"]).await;
        Self { fixture, pki, program, certificate, token }
    }

    fn address(&self) -> String {
        format!("localhost:{}", self.program.api.port())
    }

    fn ca(&self) -> String {
        text_of(&self.pki.ca())
    }
}

fn ran(command: &mut Command) -> Result<Value, String> {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned());
    }
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    Ok(serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}")))
}

#[tokio::test]
async fn grpcurl_with_a_certificate_and_with_a_token() {
    let applications = Applications::start().await;
    let call = |options: &[&str], method: &str, request: &str| {
        let mut command = Command::new(tools().join("grpcurl"));
        command.args(["-max-time", "20", "-cacert", &applications.ca()]).args(options);
        ran(command.args(["-d", request, &applications.address(), method]))
    };
    let (cert, key) = (text_of(&applications.certificate.certificate), text_of(&applications.certificate.key));
    let mtls = ["-cert", cert.as_str(), "-key", key.as_str()];
    let header = format!("authorization: Bearer {}", applications.token);
    for credential in [&mtls[..], &["-H", &header]] {
        let lease = call(credential, "usher.v1.SeatService/CheckOut", LOGIN).expect("a lease");
        assert_eq!(lease["lease"]["userId"], "ann@demo.example", "{lease}");
        let told =
            call(credential, "usher.v1.TenantService/GetUsage", r#"{"tenant_id":"demo"}"#).expect_err("an application");
        assert!(told.contains("PermissionDenied") && told.contains("NOT_ALLOWED"), "{told}");
    }
    let told = call(&[], "usher.v1.SeatService/CheckOut", LOGIN).expect_err("nobody");
    assert!(told.contains("Unauthenticated") && told.contains("CREDENTIAL_MISSING"), "{told}");
    // Health and reflection need no credential.
    let health = call(&[], "grpc.health.v1.Health/Check", "{}").expect("health");
    assert_eq!(health["status"], "SERVING");
}

#[tokio::test]
async fn python_with_a_certificate_and_with_a_token() {
    let applications = Applications::start().await;
    let (cert, key) = (text_of(&applications.certificate.certificate), text_of(&applications.certificate.key));
    let token = applications.fixture.file("token", &applications.token);
    let script = repository().join("tests/it/clients/python/secure.py");
    for credential in [vec!["--cert", &cert, "--key", &key], vec!["--token-file", &token]] {
        let mut command = python(&script);
        command.args(["--address", &applications.address(), "--ca", &applications.ca()]).args(&credential);
        let told = ran(&mut command).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(told["user_id"], "ann@demo.example", "{told}");
        assert_eq!(told["usage"], "PERMISSION_DENIED NOT_ALLOWED", "{told}");
        assert_eq!(told["nobody"], "UNAUTHENTICATED CREDENTIAL_MISSING", "{told}");
    }
}
