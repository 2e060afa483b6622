//! Every kind of credential against every method.

use bytes::Bytes;
use tonic::Code;
use tonic::transport::Channel;
use usher::ledger::access::Role;
use usher::proto::v1;
use usher::proto::v1::tenant_service_client::TenantServiceClient;
use usher::proto::v1::token_service_client::TokenServiceClient;

use super::fixture::{EVERY_ROLE, Fixture, line, messages, secure, shape, text_of, token};
use super::table::expected;
use crate::support::raw::call;

/// Methods that answer a caller of another tenant, too: with nothing, or with the caller's own data.
const ANSWER_EVERYBODY: [&str; 4] =
    ["TenantService/ListTenants", "TokenService/ListTokens", "TokenService/RevokeToken", "TokenService/CreateToken"];

fn every_method() -> Vec<(String, Bytes)> {
    let messages = messages();
    let methods: Vec<_> = expected().into_keys().collect();
    assert!(methods.len() > 40, "{methods:?}");
    let message = |method: String| {
        // A message without required fields has no seed.
        let message = messages.get(&method).cloned().unwrap_or_default();
        (method, message)
    };
    methods.into_iter().map(message).collect()
}

async fn refused(channel: &Channel, authorization: Option<&str>, code: Code, reason: &str) {
    for (method, message) in every_method() {
        let status = call(channel, &format!("usher.v1.{method}"), message, authorization).await;
        let status = status.err().unwrap_or_else(|| panic!("{method} answered, and {reason} was expected"));
        assert_eq!(shape(&status), (code, reason.to_owned()), "{method}: {status:?}");
    }
}

async fn acme(channel: &Channel, admin: &str) {
    let tenant = v1::Tenant { tenant_id: "acme".into(), ..Default::default() };
    let create = v1::CreateTenantRequest { tenant: Some(tenant) };
    TenantServiceClient::new(line(channel, admin)).create_tenant(create).await.expect("a tenant");
}

/// Shows that without a credential no method can be called. It is a test of its own, because a server holds off an
/// address after five hundred failures.
#[tokio::test]
async fn whoever_has_no_credential_calls_nothing() {
    let fixture = Fixture::new();
    let program = fixture.start(&[]);
    let channel = program.channel();
    acme(&channel, &fixture.admin).await;
    refused(&channel, None, Code::Unauthenticated, "CREDENTIAL_MISSING").await;
    for malformed in ["Basic dXNlcjpwYXNz", "Bearer", "Bearer usher_1_2_3", "Bearer a.b.c", "usher"] {
        refused(&channel, Some(malformed), Code::Unauthenticated, "CREDENTIAL_MALFORMED").await;
    }
}

#[tokio::test]
async fn whoever_has_no_good_credential_calls_nothing() {
    let fixture = Fixture::new();
    let program = fixture.start(&[]);
    let channel = program.channel();
    acme(&channel, &fixture.admin).await;
    let mut tokens = TokenServiceClient::new(line(&channel, &fixture.admin));

    // A well-formed token that was never issued.
    let (_, good) = token(&channel, &fixture.admin, "good", &EVERY_ROLE, &[]).await;
    let unknown = usher::auth::token::Token::new(usher::ids::TokenId(77), &[1; 32]);
    let unknown = secrecy::ExposeSecret::expose_secret(unknown.text()).to_owned();
    refused(&channel, Some(&format!("Bearer {unknown}")), Code::Unauthenticated, "CREDENTIAL_UNKNOWN").await;
    let other = if good.as_bytes()[30] == b'0' { '1' } else { '0' };
    let flipped = format!("{}{other}{}", &good[..30], &good[31..]);
    refused(&channel, Some(&format!("Bearer {flipped}")), Code::Unauthenticated, "CREDENTIAL_MALFORMED").await;

    let (id, revoked) = token(&channel, &fixture.admin, "revoked", &EVERY_ROLE, &[]).await;
    tokens.revoke_token(v1::RevokeTokenRequest { token_id: id }).await.expect("revoked");
    refused(&channel, Some(&format!("Bearer {revoked}")), Code::Unauthenticated, "CREDENTIAL_REVOKED").await;

    let brief = v1::CreateTokenRequest {
        name: "brief".into(),
        roles: EVERY_ROLE.map(i32::from).to_vec(),
        all_tenants: true,
        ttl: Some(prost_types::Duration { seconds: 0, nanos: 1_000_000 }),
        ..Default::default()
    };
    let brief = format!("Bearer {}", tokens.create_token(brief).await.expect("a token").into_inner().secret);
    // Waits until the token has expired, after a millisecond.
    while call(&channel, "usher.v1.TenantService/ListTenants", Bytes::new(), Some(&brief)).await.is_ok() {}
    refused(&channel, Some(&brief), Code::Unauthenticated, "CREDENTIAL_EXPIRED").await;
}

/// Shows that refused calls do not end their connection: h2 would close it after a thousand streams that were reset.
#[tokio::test]
async fn a_connection_outlives_thousands_of_refused_calls() {
    let fixture = Fixture::new();
    let program = fixture.start(&[]);
    let channel = program.channel();
    let (_, application) =
        token(&channel, &fixture.admin, "application", &[usher::proto::v1::Role::Application], &["acme"]).await;
    let authorization = format!("Bearer {application}");
    let message = messages().remove("TenantService/GetTenant").expect("a seed");
    for _ in 0..3_000 {
        let status = call(&channel, "usher.v1.TenantService/GetTenant", message.clone(), Some(&authorization)).await;
        let status = status.expect_err("an application reads nothing");
        assert_eq!(shape(&status), (Code::PermissionDenied, "NOT_ALLOWED".into()), "{status:?}");
    }
}

#[tokio::test]
async fn whoever_is_of_another_tenant_calls_nothing_for_this_one() {
    let fixture = Fixture::new();
    let program = fixture.start(&[]);
    let channel = program.channel();
    acme(&channel, &fixture.admin).await;
    let (_, foreign) = token(&channel, &fixture.admin, "foreign", &EVERY_ROLE, &["globex"]).await;
    let authorization = format!("Bearer {foreign}");
    let mut denied = 0;
    for (method, message) in every_method() {
        let answer = call(&channel, &format!("usher.v1.{method}"), message, Some(&authorization)).await;
        if ANSWER_EVERYBODY.contains(&method.as_str()) {
            continue;
        }
        let status = answer.err().unwrap_or_else(|| panic!("{method} answered somebody of another tenant"));
        assert_eq!(shape(&status), (Code::PermissionDenied, "NOT_ALLOWED".into()), "{method}: {status:?}");
        denied += 1;
    }
    assert!(denied > 35, "{denied}");
    let mut tenants = TenantServiceClient::new(line(&channel, &foreign));
    let listed = tenants.list_tenants(v1::ListTenantsRequest::default()).await.expect("a list").into_inner();
    assert_eq!(listed.tenants, []);
    let mut tokens = TokenServiceClient::new(line(&channel, &foreign));
    let listed = tokens.list_tokens(v1::ListTokensRequest::default()).await.expect("a list").into_inner();
    assert!(listed.tokens.iter().all(|token| token.name == "foreign"), "{listed:?}");
}

#[tokio::test]
async fn each_role_calls_what_the_table_says() {
    let fixture = Fixture::new();
    let program = fixture.start(&[]);
    let channel = program.channel();
    acme(&channel, &fixture.admin).await;
    for (role, wire) in Role::ALL.into_iter().zip(EVERY_ROLE) {
        // An operator of all tenants, who may read the audit of the installation.
        let (_, token) = token(&channel, &fixture.admin, role.name(), &[wire], &[]).await;
        let authorization = format!("Bearer {token}");
        for (method, message) in every_method() {
            let allowed = expected()[&method].contains(&role);
            let answer = call(&channel, &format!("usher.v1.{method}"), message, Some(&authorization)).await;
            let denied = answer.as_ref().is_err_and(|status| status.code() == Code::PermissionDenied);
            assert_eq!(denied, !allowed, "{} calls {method}: {answer:?}", role.name());
            let unknown = answer.as_ref().is_err_and(|status| status.code() == Code::Unauthenticated);
            assert!(!unknown, "{} calls {method}: {answer:?}", role.name());
        }
    }
}

#[tokio::test]
async fn certificates_stand_for_whom_the_access_file_says() {
    let fixture = Fixture::new();
    let (pki, others) = (fixture.pki(), crate::support::pki::Pki::new(&fixture.path("others")));
    let server = pki.server("server");
    let (revoked, list) = pki.revoked("revoked", "spiffe://example.org/ops/revoked");
    let access = fixture.file(
        "access.toml",
        "[[certificate]]\nuri = \"spiffe://example.org/ops/*\"\nroles = [\"application\", \"viewer\", \"manager\", \"operator\"]\n\
         tenants = \"all\"\n[[certificate]]\nuri = \"spiffe://example.org/login\"\nname = \"login\"\nroles = [\"application\"]\n\
         tenants = [\"acme\"]\n",
    );
    let (certificate, key) = (text_of(&server.certificate), text_of(&server.key));
    let (ca, crl) = (text_of(&pki.ca()), text_of(&list));
    let program = fixture.start(&[
        "--tls-cert",
        &certificate,
        "--tls-key",
        &key,
        "--tls-client-ca",
        &ca,
        "--tls-client-crl",
        &crl,
        "--access",
        &access,
    ]);
    let with = |pair: &crate::support::pki::Pair| secure(&program, pki.trust().identity(pair.identity()));

    let ops = with(&pki.client("ops", "spiffe://example.org/ops/alice"));
    let tenant = v1::Tenant { tenant_id: "acme".into(), ..Default::default() };
    let create = v1::CreateTenantRequest { tenant: Some(tenant) };
    TenantServiceClient::new(ops.clone()).create_tenant(create).await.expect("an operator");

    // No certificate, one that matches no rule, and one of an application: the handshake succeeds, and each call is
    // judged.
    refused(&secure(&program, pki.trust()), None, Code::Unauthenticated, "CREDENTIAL_MISSING").await;
    let stranger = with(&pki.client("stranger", "spiffe://example.org/stranger"));
    refused(&stranger, None, Code::Unauthenticated, "CREDENTIAL_UNKNOWN").await;
    let application = with(&pki.client("login", "spiffe://example.org/login"));
    for (method, message) in every_method() {
        let allowed = expected()[&method].contains(&Role::Application);
        let answer = call(&application, &format!("usher.v1.{method}"), message, None).await;
        let denied = answer.as_ref().is_err_and(|status| status.code() == Code::PermissionDenied);
        assert_eq!(denied, !allowed, "an application calls {method}: {answer:?}");
    }
    // Invalid certificates fail at the handshake: expired, revoked, or signed by an unknown authority.
    for bad in [
        pki.expired("expired", "spiffe://example.org/ops/expired"),
        revoked,
        others.client("foreign", "spiffe://example.org/ops/foreign"),
    ] {
        for (method, message) in every_method() {
            let answer = call(&with(&bad), &format!("usher.v1.{method}"), message, None).await;
            let status = answer.err().unwrap_or_else(|| panic!("{method} answered {bad:?}"));
            assert!(is_of_transport(&status), "{method}: {status:?}");
        }
    }
}

/// Returns whether the error was made by this client, because there was no connection: Usher's errors have details.
fn is_of_transport(status: &tonic::Status) -> bool {
    status.details().is_empty()
}
