//! Access tokens of an identity provider, from its keys to a seat.

use std::time::{SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use serde_json::{Value, json};
use tonic::Code;
use tonic::transport::Channel;
use usher::proto::v1;
use usher::proto::v1::audit_service_client::AuditServiceClient;
use usher::proto::v1::seat_service_client::SeatServiceClient;

use super::fixture::{Fixture, line, shape};
use crate::oidc::signer::Signer;
use crate::support::raw::call;

const ISSUER: &str = "https://idp.example.org/";

#[allow(clippy::disallowed_methods)] // The program uses the machine's clock.
fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs()
}

fn claims(others: &Value) -> Value {
    let mut claims = json!({
        "iss": ISSUER, "aud": ["other", "usher"], "sub": "7", "email": "alice@example.org", "exp": now() + 600,
        "groups": ["staff", "logins"], "customers": ["demo"],
    });
    let members = claims.as_object_mut().expect("an object");
    members.extend(others.as_object().expect("an object").clone());
    claims
}

/// Starts a program that trusts the keys of a file.
fn start(fixture: &Fixture, keys: &[Value]) -> crate::support::program::Program {
    fixture.file("keys.jwks", &json!({ "keys": keys }).to_string());
    let access = fixture.file(
        "access.toml",
        &format!(
            "[oidc]\nissuer = \"{ISSUER}\"\naudience = \"usher\"\njwks = \"keys.jwks\"\nname_claim = \"email\"\n\
             [[oidc.rule]]\nclaim = \"groups\"\nvalue = \"logins\"\nroles = [\"application\"]\ntenants_claim = \"customers\"\n\
             [[oidc.rule]]\nclaim = \"groups\"\nvalue = \"auditors\"\nroles = [\"viewer\"]\ntenants = [\"demo\"]\n"
        ),
    );
    fixture.start(&["--demo", "--access", &access])
}

async fn call_with_token(
    channel: &Channel,
    token: &str,
    method: &str,
    message: Bytes,
) -> Result<Option<Bytes>, tonic::Status> {
    call(channel, &format!("usher.v1.{method}"), message, Some(&format!("Bearer {token}"))).await
}

#[tokio::test]
async fn a_token_of_the_identity_provider_takes_a_seat_and_the_audit_names_its_holder() {
    let (fixture, signer) = (Fixture::new(), Signer::ed25519());
    let program = start(&fixture, &[signer.jwk("one")]);
    let channel = program.channel();
    let check_out = v1::CheckOutRequest {
        tenant_id: "demo".into(),
        pool_id: "primary".into(),
        user_id: "ann@demo.example".into(),
        device_id: "laptop".into(),
        ..Default::default()
    };
    let mut seats = SeatServiceClient::new(line(&channel, &signer.token_of("one", &claims(&json!({})))));
    let answer = seats.check_out(check_out.clone()).await.expect("a decision").into_inner();
    assert!(matches!(answer.outcome, Some(v1::check_out_response::Outcome::Lease(_))), "{answer:?}");
    let list = v1::ListAuditEventsRequest { tenant_id: "demo".into(), page_size: 1, ..Default::default() };
    let mut audit = AuditServiceClient::new(line(&channel, &fixture.admin));
    let events = audit.list_audit_events(list).await.expect("a list").into_inner().events;
    assert_eq!(events[0].actor, "oidc:alice@example.org");
    // The token is valid for the tenants that it names, and for no others.
    let status = seats.check_out(v1::CheckOutRequest { tenant_id: "other".into(), ..check_out }).await.expect_err("no");
    assert_eq!(shape(&status), (Code::PermissionDenied, "NOT_ALLOWED".into()));
}

#[tokio::test]
async fn any_other_token_takes_none() {
    let (fixture, signer, stranger) = (Fixture::new(), Signer::ed25519(), Signer::ed25519());
    let program = start(&fixture, &[signer.jwk("one")]);
    let channel = program.channel();
    let of = |others: Value| signer.token_of("one", &claims(&others));
    for (what, token, code, reason) in [
        ("expired", of(json!({"exp": now() - 60})), Code::Unauthenticated, "CREDENTIAL_EXPIRED"),
        (
            "of another issuer",
            of(json!({"iss": "https://else.example.org/"})),
            Code::Unauthenticated,
            "CREDENTIAL_UNKNOWN",
        ),
        ("for somebody else", of(json!({"aud": "else"})), Code::Unauthenticated, "CREDENTIAL_UNKNOWN"),
        ("not valid yet", of(json!({"nbf": now() + 600})), Code::Unauthenticated, "CREDENTIAL_UNKNOWN"),
        ("of a stranger", stranger.token_of("one", &claims(&json!({}))), Code::Unauthenticated, "CREDENTIAL_UNKNOWN"),
        ("unsigned", "eyJhbGciOiJub25lIn0.e30.".to_owned(), Code::Unauthenticated, "CREDENTIAL_"),
        ("of nobody", of(json!({"groups": ["staff"]})), Code::PermissionDenied, "NOT_ALLOWED"),
        ("of an auditor", of(json!({"groups": ["auditors"]})), Code::PermissionDenied, "NOT_ALLOWED"),
    ] {
        let status = call_with_token(&channel, &token, "SeatService/CheckIn", Bytes::new()).await.expect_err(what);
        let (is, why) = shape(&status);
        assert!(is == code && why.starts_with(reason), "{what}: {status:?}");
    }
    // A key that is published later is read; until then, calls with its tokens get `UNAVAILABLE`.
    let renewed = Signer::ed25519();
    fixture.file("keys.jwks", &json!({ "keys": [signer.jwk("one"), renewed.jwk("two")] }).to_string());
    let token = renewed.token_of("two", &claims(&json!({"groups": ["auditors"]})));
    let mut refused = Vec::new();
    while let Err(status) = call_with_token(&channel, &token, "TenantService/ListTenants", Bytes::new()).await {
        refused.push(shape(&status));
    }
    assert_eq!(refused[0], (Code::Unavailable, "KEYS_PENDING".into()));
    // A caller that keeps trying may be held off like any other that fails to authenticate; it is accepted once the key
    // is known.
    refused.dedup();
    assert!(refused[1..].iter().all(|(code, _)| *code == Code::ResourceExhausted || *code == Code::Unavailable));
}
