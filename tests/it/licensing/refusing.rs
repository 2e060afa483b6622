//! Each document that must not be installed is refused with a reason of its own, and changes nothing.

use tonic::Code;
use usher::ids::{LicenseId, TenantId};
use usher::ledger::time::WallTime;
use usher::license::{HostPattern, LICENSE, SigningKey, Terms, armored, sign};

use super::fixture::DAY;
use super::{Backend, Fixture, on_both_stores};

on_both_stores![a_refused_document_changes_nothing, r27_plans_of_one_pool_agree];

async fn a_refused_document_changes_nothing(backend: Backend) {
    let fixture = Fixture::open(backend).await;
    let good = fixture.issued(&Terms { revision: Some(2), ..fixture.terms("primary=5") });
    fixture.install(&good).await.unwrap();
    let (licenses, usage, audit) = (fixture.list().await, fixture.usage().await, fixture.audit().await);

    let forger = SigningKey::from_seed(&secrecy::SecretBox::new(Box::new([9; 32])));
    let terms = || Terms { revision: Some(3), ..fixture.terms("primary=500") };
    let claims = fixture.claims(&terms());
    let host = |pattern: &str| Terms { hosts: Some(vec![HostPattern::parse(pattern).unwrap()]), ..terms() };
    let tenant = Terms { tenant: Some(TenantId::parse("umbrella").unwrap()), ..terms() };
    let mut expired = claims.clone();
    expired.issued = WallTime(claims.issued.0 - 1_000);
    expired.expires = Some(claims.issued);
    let mut zero = claims.to_json();
    zero["entitlements"][0]["seats"] = (-1).into();
    // Another key's signature under the vendor's key id.
    let mut borrowed: Vec<String> = good.split('.').map(str::to_owned).collect();
    borrowed[2] = sign(&forger, LICENSE, &claims.to_json()).split('.').nth(2).unwrap().to_owned();
    for (document, reason) in [
        ("not a license".to_owned(), "LICENSE_MALFORMED"),
        (good[..good.len() - 9].to_owned(), "LICENSE_MALFORMED"),
        (sign(&fixture.vendor, LICENSE, &zero), "LICENSE_MALFORMED"),
        (sign(&forger, LICENSE, &claims.to_json()), "LICENSE_KEY_UNKNOWN"),
        (borrowed.join("."), "LICENSE_SIGNATURE"),
        (fixture.issued(&tenant), "LICENSE_TENANT"),
        (fixture.issued(&host("*.elsewhere.example")), "LICENSE_HOST"),
        (fixture.issued(&Terms { instance: Some(uuid()), ..terms() }), "LICENSE_INSTANCE"),
        (fixture.signed(&expired), "LICENSE_EXPIRED"),
        (fixture.issued(&Terms { revision: Some(1), ..fixture.terms("primary=9") }), "LICENSE_REVISION"),
        (fixture.issued(&Terms { revision: Some(2), ..fixture.terms("primary=6") }), "LICENSE_REVISION"),
    ] {
        for document in [armored(&document), document] {
            let status = fixture.install(&document).await.expect_err(reason);
            let code = if reason == "LICENSE_MALFORMED" { Code::InvalidArgument } else { Code::FailedPrecondition };
            assert_eq!((super::fixture::reason(&status).as_str(), status.code()), (reason, code), "{status:?}");
            assert!(!status.message().contains("umbrella"), "R1: {status:?}");
            assert_eq!((fixture.list().await, fixture.usage().await), (licenses.clone(), usage.clone()), "{reason}");
        }
    }
    assert_eq!(fixture.audit().await, audit);
    // A fitting license is accepted: one for a host of this server, which begins later.
    let later = Terms { not_before: Some(fixture.now().plus(DAY)), ..host("LOGIN.*.example") };
    assert!(fixture.installed(&later).await.changed);
    assert_eq!(fixture.sign_in("ann", "primary").await, "LICENSE_NOT_YET_VALID");
    fixture.clock.advance(DAY);
    assert!(fixture.sign_in("ann", "primary").await.starts_with("yes"));
}

fn uuid() -> uuid::Uuid {
    uuid::Uuid::from_u128(42)
}

/// Shows that licenses with different plans for one pool are refused, and that the message names the installed one
/// (R27): people decide which one to correct.
async fn r27_plans_of_one_pool_agree(backend: Backend) {
    let fixture = Fixture::open(backend).await;
    fixture.installed(&fixture.terms("primary=5")).await;
    let other = Terms { license: Some(LicenseId::parse("other").unwrap()), ..fixture.terms("primary!=5") };
    let status = fixture.install(&fixture.issued(&other)).await.unwrap_err();
    assert_eq!(super::fixture::reason(&status), "PLANS_DISAGREE");
    assert_eq!(
        status.message(),
        "primary is concurrent by the license \"acme\", and would be named: licenses of one pool must have the same \
         plan, also those that have ended"
    );
    assert_eq!(fixture.usage().await, "primary 0/5");
}
