//! Licenses that their vendor revoked (R27).

use serde_json::{Value, json};
use usher::error_reason::ErrorReason;
use usher::ids::{LicenseId, TenantId};
use usher::license::{InstallTarget, REVOCATIONS, Revocations, Revoked, Trust, sign};

use super::{ISSUED, everything, key, public, signed};

fn tenant(id: &str) -> TenantId {
    TenantId::parse(id).unwrap()
}

fn license(id: &str) -> LicenseId {
    LicenseId::parse(id).unwrap()
}

fn list(entries: &[(&str, &str, u64, Option<&str>)]) -> Revocations {
    let mut list = Revocations::default();
    for (tenant_id, license_id, through, why) in entries {
        let revoked = Revoked { through: *through, why: why.map(Into::into) };
        list.add(tenant(tenant_id), license(license_id), revoked);
    }
    list
}

#[test]
fn revisions_up_to_the_named_one_are_revoked_and_no_others() {
    let list = list(&[("acme", "main", 3, Some("paid back")), ("acme", "extra", 1, None), ("globex", "main", 9, None)]);
    for (tenant_id, license_id, revision, revoked) in [
        ("acme", "main", 1, true),
        ("acme", "main", 3, true),
        ("acme", "main", 4, false),
        ("acme", "extra", 1, true),
        ("acme", "extra", 2, false),
        ("acme", "other", 1, false),
        ("acme ", "main", 1, false),
        ("globex", "main", 9, true),
        ("globex", "extra", 1, false),
        ("initech", "main", 1, false),
    ] {
        let found = list.find(&TenantId::stored(tenant_id), &license(license_id), revision);
        assert_eq!(found.is_some(), revoked, "{tenant_id} {license_id} {revision}");
    }
    assert_eq!(list.find(&tenant("acme"), &license("main"), 1).unwrap().why.as_deref(), Some("paid back"));
}

#[test]
fn a_revoked_license_is_not_admitted_and_its_next_revision_is() {
    let mut claims = everything();
    let here_tenant = claims.tenant.clone();
    let target =
        InstallTarget { tenant: &here_tenant, host_names: &["license-1".into()], instance: claims.instance.unwrap() };
    let mut trust = Trust::new([public(1)]);
    trust.admit(&signed(&claims), &target, ISSUED).expect("it is not revoked yet");

    let list = list(&[("acme", "acme-main", 3, None)]);
    trust.add_revocations(&sign(&key(1), REVOCATIONS, &list.to_json(ISSUED))).unwrap();
    assert_eq!(trust.admit(&signed(&claims), &target, ISSUED).unwrap_err().reason(), ErrorReason::LicenseRevoked);
    // A revoked license is still genuine, so that an installed one stays readable.
    trust.verify(&signed(&claims)).unwrap();
    claims.revision = 4;
    trust.admit(&signed(&claims), &target, ISSUED).unwrap();
}

#[test]
fn lists_add_up_and_nothing_is_taken_back_by_one() {
    let mut sum = list(&[("a", "x", 3, Some("first")), ("a", "y", 1, None)]);
    sum.extend(list(&[("a", "x", 2, Some("older")), ("a", "y", 5, Some("newer")), ("b", "x", 1, None)]));
    assert_eq!(sum, list(&[("a", "x", 3, Some("first")), ("a", "y", 5, Some("newer")), ("b", "x", 1, None)]));
}

#[test]
fn a_list_is_read_as_it_is_written() {
    for list in [list(&[]), list(&[("acme", "main", 3, Some("why")), ("acme", "extra", 1, None)])] {
        assert_eq!(Revocations::parse(list.to_json(ISSUED).to_string().as_bytes()), Ok(list));
    }
}

/// Shows that a mistake in a list is named and the whole list is refused: a part of it would let revoked licenses pass.
#[test]
fn nonsense_in_a_list_is_named() {
    let check = |list: Value, expected: &str| {
        let mut trust = Trust::new([public(1)]);
        let said = trust.add_revocations(&sign(&key(1), REVOCATIONS, &list)).unwrap_err().to_string();
        assert_eq!(said, format!("the document is not readable: {expected}"), "{list}");
        assert!(trust.revocations().is_empty());
    };
    let entry = |tenant: Value, license: Value, through: Value| json!({ "tenant_id": tenant, "license_id": license, "through_revision": through });
    let good = || entry(json!("acme"), json!("main"), json!(1));
    let iat = ISSUED.0 / 1_000;
    check(json!({ "iat": iat }), "revoked: is missing");
    check(json!({ "revoked": [] }), "iat: is missing");
    check(json!({ "iat": "today", "revoked": [] }), "iat: must be a whole number from 0 to 253402300799");
    check(json!({ "iat": iat, "revoked": [], "exp": 1 }), "exp: is unknown");
    let list = |entries: Value| json!({ "iat": iat, "revoked": entries });
    check(list(json!({})), "revoked: must be a list");
    check(list(json!([good(), 1])), "revoked[1]: must be an object");
    check(list(json!([good(), good()])), "revoked[1].license_id: stands twice");
    check(list(json!([entry(json!(""), json!("main"), json!(1))])), "revoked[0].tenant_id: must not be empty");
    check(list(json!([entry(json!("acme"), json!(""), json!(1))])), "revoked[0].license_id: must not be empty");
    let number = "revoked[0].through_revision: must be a whole number from 1 to 9007199254740991";
    for through in [json!(0), json!(-1), json!("3"), json!(1.5)] {
        check(list(json!([entry(json!("acme"), json!("main"), through)])), number);
    }
    let mut more = good();
    more["why"] = json!("a\nb");
    check(list(json!([more.clone()])), "revoked[0].why: must not contain control characters");
    more["why"] = json!("b");
    more["from"] = json!(1);
    check(list(json!([more])), "revoked[0].from: is unknown");
}

/// Shows that a list is refused if it was altered, or if an untrusted key signed it. So nobody can forge a list to lock
/// a customer out.
#[test]
fn an_altered_list_is_refused() {
    let document = sign(&key(1), REVOCATIONS, &list(&[("acme", "main", 3, None)]).to_json(ISSUED));
    let mut trust = Trust::new([public(1)]);
    for at in 0..document.len() {
        for bit in 0..7 {
            let mut bytes = document.clone().into_bytes();
            bytes[at] ^= 1 << bit;
            assert!(trust.add_revocations(&String::from_utf8(bytes).unwrap()).is_err(), "bit {bit} of byte {at}");
        }
    }
    let other = sign(&key(2), REVOCATIONS, &list(&[("acme", "main", 3, None)]).to_json(ISSUED));
    assert_eq!(trust.add_revocations(&other).unwrap_err().reason(), ErrorReason::LicenseKeyUnknown);
    assert!(trust.revocations().is_empty());
    trust.add_revocations(&document).unwrap();
    assert_eq!(trust.revocations().len(), 1);
}
