//! The keys of a JWKS that are used.

use serde_json::{Value, json};
use usher::auth::oidc::{KeySet, Refused};

use super::signer::{Signer, encoded};
use super::{Fixture, claims, jwks};

/// Returns the number of usable keys; 0 if the set is refused for want of one.
fn usable(keys: &[Value]) -> usize {
    match KeySet::parse(&jwks(keys)) {
        Ok(set) => set.len(),
        Err(wrong) => {
            assert!(wrong.to_string().starts_with("keys: contains no public key"), "{wrong}");
            0
        }
    }
}

fn with(jwk: &Value, name: &str, value: Value) -> Value {
    let mut jwk = jwk.clone();
    jwk[name] = value;
    jwk
}

#[test]
fn keys_for_something_else_are_passed_over() {
    let (rsa, p256, ed25519) = (Signer::rsa().jwk("a"), Signer::p256().jwk("b"), Signer::ed25519().jwk("c"));
    assert_eq!(usable(&[rsa.clone(), p256.clone(), ed25519.clone()]), 3);
    assert_eq!(usable(&[rsa.clone(), rsa.clone()]), 1, "the same key twice is one");
    for key in [&rsa, &p256, &ed25519] {
        let operations = |list: Value| with(key, "key_ops", list);
        assert_eq!(usable(&[with(key, "use", "sig".into())]), 1);
        assert_eq!(usable(&[operations(json!(["sign", "verify"]))]), 1);
        for odd in [
            with(key, "use", "enc".into()),
            operations(json!(["encrypt"])),
            operations(json!("verify")),
            with(key, "alg", "HS256".into()),
            with(key, "alg", "RSA-OAEP".into()),
            with(key, "alg", 1.into()),
            with(key, "kid", 1.into()),
            with(key, "kty", "oct".into()),
            with(key, "kty", "AKP".into()),
            with(key, "crv", "P-521".into()),
            with(key, "d", "AAAA".into()),
        ] {
            assert_eq!(usable(std::slice::from_ref(&odd)), 0, "{odd}");
            assert_eq!(usable(&[odd.clone(), key.clone()]), 1, "{odd}");
        }
    }
    for odd in [
        with(&p256, "x", encoded([1; 31]).into()),
        with(&p256, "y", "****".into()),
        with(&ed25519, "x", encoded([1; 33]).into()),
        with(&rsa, "n", "".into()),
        with(&rsa, "e", encoded([0]).into()),
        json!({ "kty": "oct", "k": encoded([1; 32]), "alg": "HS256" }),
        json!({}),
        json!(7),
    ] {
        assert_eq!(usable(std::slice::from_ref(&odd)), 0, "{odd}");
    }
}

#[test]
fn an_rsa_key_has_2048_bits_or_more() {
    let rsa = |first: u8, bytes: usize| {
        let mut n = vec![0xff; bytes];
        n[0] = first;
        json!({ "kty": "RSA", "n": encoded(n), "e": "AQAB" })
    };
    for (first, bytes, used) in
        [(0x80, 256, 1), (0x7f, 256, 0), (0xff, 128, 0), (0xff, 1024, 1), (0x01, 1025, 0), (0x00, 257, 1)]
    {
        assert_eq!(usable(&[rsa(first, bytes)]), used, "{first:x} and {bytes} bytes");
    }
}

#[test]
fn what_is_no_set_of_keys_is_refused() {
    for (text, reason) in [
        ("", "is not JSON"),
        ("[]", "must be an object"),
        ("{}", "keys: is missing"),
        (r#"{"keys":{}}"#, "keys: must be a list"),
        (r#"{"keys":[]}"#, "keys: contains no public key"),
        (r#"{"keys":[],"keys":[]}"#, "stands twice"),
    ] {
        let wrong = KeySet::parse(text).unwrap_err().to_string();
        assert!(wrong.contains(reason), "{text}: {wrong}");
    }
}

#[test]
fn a_key_is_found_by_its_name_or_by_being_the_only_one() {
    let (one, two, ec) = (Signer::ed25519(), Signer::ed25519(), Signer::p256());
    let mut nameless = two.jwk("");
    nameless.as_object_mut().unwrap().remove("kid");
    let fixture = Fixture::with_keys(&[one.jwk("k1"), ec.jwk("k1"), nameless]);
    assert!(fixture.check(&one.token(&claims())).is_ok() && fixture.check(&ec.token(&claims())).is_ok());
    let unnamed = |signer: &Signer| signer.signed(&json!({ "alg": signer.algorithm() }), &claims());
    assert!(fixture.check(&unnamed(&ec)).is_ok());
    for ambiguous in [unnamed(&one), unnamed(&two), two.token_of("", &claims())] {
        // Keys that are published later could resolve the ambiguity.
        assert_eq!(fixture.refusal(&ambiguous), Refused::KeysPending);
    }
}
