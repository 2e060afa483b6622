//! The tokens that are accepted.

use std::time::Duration;

use ring::hmac;
use serde_json::{Value, json};
use usher::auth::oidc::{MAX_TOKEN_BYTES, Refused};
use usher::ledger::change::Actor;
use usher::ledger::time::WallTime;

use super::signer::{Signer, encoded};
use super::{Fixture, NOW, claims, claims_with, ed25519};

#[test]
fn every_algorithm_is_taken_with_and_without_the_name_of_its_key() {
    for (signer, algorithm) in
        [(Signer::rsa(), "RS256"), (Signer::rsa(), "PS256"), (Signer::p256(), "ES256"), (Signer::ed25519(), "EdDSA")]
    {
        let mut narrow = signer.jwk("k1");
        narrow["alg"] = algorithm.into();
        for fixture in [Fixture::with_keys(&[signer.jwk("k1")]), Fixture::with_keys(&[narrow])] {
            for header in [json!({ "alg": algorithm, "kid": "k1", "typ": "JWT" }), json!({ "alg": algorithm })] {
                let token = signer.signed(&header, &claims());
                let principal = fixture.check(&token).unwrap_or_else(|why| panic!("{algorithm}: {why}"));
                assert_eq!(principal.actor, Actor("oidc:alice".into()));
                assert_eq!(fixture.check(&token).as_ref(), Ok(&principal), "from memory");
            }
        }
    }
}

/// Shows that a token cannot choose an algorithm which its key is not for (RFC 8725, 2.1).
#[test]
fn the_key_decides_about_the_algorithm() {
    let (rsa, p256) = (Signer::rsa(), Signer::p256());
    let mut narrow = rsa.jwk("narrow");
    narrow["alg"] = "RS256".into();
    let fixture = Fixture::with_keys(&[rsa.jwk("k1"), p256.jwk("ec"), narrow]);
    for (signer, algorithm, kid) in [
        (&rsa, "ES256", "k1"),
        (&rsa, "EdDSA", "k1"),
        (&rsa, "RS512", "k1"),
        (&rsa, "PS256", "narrow"),
        (&p256, "RS256", "ec"),
        (&p256, "ES384", "ec"),
        (&rsa, "rs256", "k1"),
    ] {
        let token = signer.signed(&json!({ "alg": algorithm, "kid": kid }), &claims());
        assert_eq!(fixture.refusal(&token), Refused::Algorithm, "{algorithm} with {kid}");
    }
}

#[test]
fn a_public_key_is_no_secret_and_no_signature_is_none() {
    let rsa = Signer::rsa();
    let jwk = rsa.jwk("k1");
    let fixture = Fixture::with_keys(std::slice::from_ref(&jwk));
    for secret in [jwk["n"].as_str().unwrap(), &jwk.to_string()] {
        let signed = format!("{}.{}", encoded(r#"{"alg":"HS256","kid":"k1"}"#), encoded(claims().to_string()));
        let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes()), signed.as_bytes());
        assert_eq!(fixture.refusal(&format!("{signed}.{}", encoded(tag))), Refused::Algorithm);
    }
    for none in ["none", "None", "NONE", ""] {
        let token = rsa.signed(&json!({ "alg": none, "kid": "k1" }), &claims());
        let (signed, _) = token.rsplit_once('.').unwrap();
        assert_eq!(fixture.refusal(&format!("{signed}.")), Refused::Algorithm);
    }
    let token = rsa.token(&claims());
    let (signed, _) = token.rsplit_once('.').unwrap();
    assert_eq!(fixture.refusal(&format!("{signed}.")), Refused::Signature);
}

#[test]
fn a_header_says_what_it_must() {
    let (signer, fixture) = ed25519();
    for typ in ["JWT", "jwt", "at+jwt", "at+JWT", "application/at+jwt"] {
        let header = json!({ "alg": "EdDSA", "kid": "k1", "typ": typ, "x5t": "AAAA", "jku": "https://evil.example" });
        assert!(fixture.check(&signer.signed(&header, &claims())).is_ok(), "{typ}");
    }
    for (more, why) in [
        (json!({ "typ": "license+jwt" }), Refused::Type),
        (json!({ "typ": 1 }), Refused::Type),
        (json!({ "cty": "JWT" }), Refused::Type),
        (json!({ "crit": ["b64"], "b64": false }), Refused::Critical),
        (json!({ "crit": [] }), Refused::Critical),
        (json!({ "alg": 1 }), Refused::Algorithm),
        (json!({ "kid": 1 }), Refused::Malformed),
    ] {
        let mut header = json!({ "alg": "EdDSA", "kid": "k1" });
        header.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        assert_eq!(fixture.refusal(&signer.signed(&header, &claims())), why, "{header}");
    }
    for header in ["{}", "[]", "", "{\"alg\":\"EdDSA\",\"alg\":\"EdDSA\",\"kid\":\"k1\"}", "\"EdDSA\"", "\u{0}"] {
        let token = signer.signed_bytes(header.as_bytes(), claims().to_string().as_bytes());
        assert_eq!(fixture.refusal(&token), Refused::Malformed, "{header}");
    }
}

#[test]
fn what_has_another_form_is_no_token() {
    let (signer, fixture) = ed25519();
    let good = signer.token(&claims());
    assert!(fixture.check(&good).is_ok());
    let (signed, signature) = good.rsplit_once('.').unwrap();
    for text in [
        String::new(),
        ".".into(),
        "..".into(),
        signed.into(),
        format!("{good}."),
        format!("{good}.{signature}.{signature}"),
        format!(" {good}"),
        format!("{good}\n"),
        format!("{good}="),
        format!("Bearer {good}"),
        format!("{signed}.{}", signature.replace(['-', '_'], "+")) + "+",
    ] {
        assert_eq!(fixture.refusal(&text), Refused::Malformed, "{text}");
    }
    let long = signer.token(&claims_with(json!({ "more": "x".repeat(MAX_TOKEN_BYTES) })));
    assert_eq!(fixture.refusal(&long), Refused::TooLong);
    let twice = claims().to_string().replacen('{', "{\"sub\":\"bob\",", 1);
    let header = r#"{"alg":"EdDSA","kid":"k1"}"#;
    assert_eq!(fixture.refusal(&signer.signed_bytes(header.as_bytes(), twice.as_bytes())), Refused::Malformed);
}

#[test]
fn claims_are_for_us_and_make_sense() {
    let (signer, fixture) = ed25519();
    let good = [
        json!({ "aud": ["other", "usher"] }),
        json!({ "exp": f64::from(1_800_000_000) + 0.5 }),
        json!({ "iat": NOW, "nbf": NOW - 1, "jti": "x", "azp": {}, "admin": false, "nothing": [null] }),
        json!({ "sub": "x".repeat(254) }),
        json!({ "nbf": -1.5 }),
    ];
    for others in good {
        assert!(fixture.check(&signer.token(&claims_with(others.clone()))).is_ok(), "{others}");
    }
    for (others, why) in [
        (json!({ "iss": "https://idp.example.org" }), Refused::Issuer),
        (json!({ "iss": "https://evil.example/" }), Refused::Issuer),
        (json!({ "iss": null }), Refused::Claims),
        (json!({ "iss": ["https://idp.example.org/"] }), Refused::Claims),
        (json!({ "aud": "other" }), Refused::Audience),
        (json!({ "aud": ["other", 1] }), Refused::Audience),
        (json!({ "aud": [] }), Refused::Audience),
        (json!({ "aud": null }), Refused::Claims),
        (json!({ "aud": { "usher": true } }), Refused::Claims),
        (json!({ "exp": null }), Refused::Claims),
        (json!({ "exp": "1900000000" }), Refused::Claims),
        (json!({ "exp": true }), Refused::Claims),
        (json!({ "nbf": "0" }), Refused::Claims),
        (json!({ "iat": {} }), Refused::Claims),
        (json!({ "exp": -5 }), Refused::Expired),
        (json!({ "nbf": NOW + 3600 }), Refused::NotYetValid),
        (json!({ "nbf": u64::MAX }), Refused::NotYetValid),
        (json!({ "iat": 1e300 }), Refused::NotYetValid),
        (json!({ "sub": null }), Refused::Claims),
        (json!({ "sub": "" }), Refused::Claims),
        (json!({ "sub": 7 }), Refused::Claims),
        (json!({ "sub": "x".repeat(255) }), Refused::Claims),
        (json!({ "sub": "alice\n" }), Refused::Claims),
    ] {
        assert_eq!(fixture.refusal(&signer.token(&claims_with(others.clone()))), why, "{others}");
    }
    // `null` is not the same as absent.
    let null = claims().to_string().replacen('{', "{\"nbf\":null,", 1);
    let token = signer.signed_bytes(br#"{"alg":"EdDSA","kid":"k1"}"#, null.as_bytes());
    assert_eq!(fixture.refusal(&token), Refused::Claims);
}

#[test]
fn a_token_is_good_for_half_a_minute_more_and_never_again_then() {
    let (signer, fixture) = ed25519();
    let token = |exp: Value| signer.token(&claims_with(json!({ "exp": exp })));
    let (seen, fresh) = (token((NOW + 10).into()), token(json!(f64::from(1_800_000_010))));
    fixture.check(&seen).unwrap();
    fixture.clock.advance(Duration::from_millis(39_999));
    fixture.check(&seen).unwrap();
    fixture.check(&fresh).unwrap();
    fixture.clock.advance(Duration::from_millis(1));
    for token in [&seen, &fresh, &token(json!(NOW + 10))] {
        assert_eq!(fixture.refusal(token), Refused::Expired);
    }
    fixture.clock.set_wall(WallTime(0));
    assert_eq!(fixture.refusal(&seen), Refused::Expired, "a clock that is set back revives nothing");
    fixture.check(&token((NOW + 600).into())).unwrap();
}

#[test]
fn a_token_is_good_half_a_minute_early() {
    let (signer, fixture) = ed25519();
    for name in ["nbf", "iat"] {
        let (mut early, mut soon) = (claims(), claims());
        early[name] = (NOW + 30).into();
        soon[name] = json!(NOW as f64 + 30.5);
        assert!(fixture.check(&signer.token(&early)).is_ok(), "{name}");
        assert_eq!(fixture.refusal(&signer.token(&soon)), Refused::NotYetValid, "{name}");
    }
}

#[test]
fn nobody_else_signs_for_the_issuer() {
    for (ours, foreign) in [(Signer::p256(), Signer::p256()), (Signer::ed25519(), Signer::ed25519())] {
        let fixture = Fixture::with_keys(&[ours.jwk("k1")]);
        assert_eq!(fixture.refusal(&foreign.token(&claims())), Refused::Signature);
        // A key inside of the token is ignored.
        let mut header = json!({ "alg": foreign.algorithm(), "kid": "k1" });
        header["jwk"] = foreign.jwk("k1");
        assert_eq!(fixture.refusal(&foreign.signed(&header, &claims())), Refused::Signature);
    }
}

#[test]
fn a_changed_byte_makes_it_a_forgery() {
    for signer in [Signer::rsa(), Signer::p256(), Signer::ed25519()] {
        let fixture = Fixture::with_keys(&[signer.jwk("k1")]);
        let token = signer.token(&claims());
        for at in 0..token.len() {
            for flip in [1, 2, 4, 32] {
                let mut bytes = token.clone().into_bytes();
                bytes[at] ^= flip;
                let forged = String::from_utf8(bytes).expect("ASCII stays ASCII");
                assert!(fixture.check(&forged).is_err(), "byte {at}: {forged}");
            }
            assert!(fixture.check(&format!("{}{}", &token[..at], &token[at + 1..])).is_err(), "without byte {at}");
        }
        assert!(fixture.check(&token).is_ok());
    }
}

#[test]
fn every_refusal_has_a_name_of_its_own() {
    let names: std::collections::BTreeSet<_> = Refused::ALL.iter().map(|refused| refused.name()).collect();
    assert_eq!(names.len(), Refused::ALL.len());
    let plain = |name: &&str| name.chars().all(|c| c.is_ascii_lowercase() || c == '_');
    assert!(names.iter().all(plain), "{names:?}");
}
