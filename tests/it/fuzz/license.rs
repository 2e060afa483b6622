//! License documents, keys, revocations and requests. No altered document is accepted, and a document that the vendor's
//! key signed and that is accepted stays the same when it is written and read again.

use std::fmt::Debug;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::{SecretBox, SecretString};
use usher::license::{
    Claims, Date, HostPattern, LICENSE, Request, Revocations, SigningKey, Trust, Wrong, armored, iso, parse_jwks, sign,
    to_jwks, unchecked,
};

use super::{corpus, fuzz};
use usher::ledger::time::WallTime;

/// Returns the key of docs/license-example/, which signed the seeds.
fn key() -> SigningKey {
    let seed = URL_SAFE_NO_PAD.decode("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A").unwrap();
    SigningKey::from_seed(&SecretBox::new(Box::new(seed.try_into().unwrap())))
}

fn trust() -> Trust {
    Trust::new([key().public().clone()])
}

/// Removes armor and white space: returns the three parts of a document.
fn compact(text: &str) -> String {
    let lines = text.lines().filter(|line| !line.starts_with("-----"));
    lines.flat_map(str::chars).filter(|c| !c.is_ascii_whitespace()).collect()
}

#[test]
fn documents() {
    let trust = trust();
    let texts = corpus("license-document").into_iter().map(|(_, bytes)| String::from_utf8(bytes).unwrap());
    let genuine: Vec<String> = texts.map(|text| compact(&text)).collect();
    let mut accepted = 0;
    fuzz("license-document", 1, |bytes| {
        let text = String::from_utf8_lossy(bytes);
        if let Ok(verified) = trust.verify(&text) {
            assert!(genuine.contains(&verified.compact), "a forgery: {text}");
            assert_eq!(sign(&key(), LICENSE, &verified.claims.to_json()), verified.compact);
            accepted += 1;
        } else if let Ok(list) = trust.open_revocations(&text) {
            assert!(genuine.contains(&text.trim_ascii().to_owned()), "a forgery: {text}");
            assert!(!list.is_empty());
            accepted += 1;
        }
        // `unchecked` may also read documents that are not genuine; it must not panic.
        let _ = unchecked(&text, LICENSE).map(|shown| Claims::parse(&shown.payload));
    });
    assert!(accepted >= genuine.len(), "the seeds are accepted");
}

/// Shows that a header is accepted only if it equals Usher's own, even if the vendor's key signed another one.
#[test]
fn headers() {
    let trust = trust();
    let payload =
        trust.verify(&String::from_utf8(corpus("license-document").remove(0).1).unwrap()).unwrap().claims.to_json();
    let payload = URL_SAFE_NO_PAD.encode(payload.to_string());
    let expected = serde_json::json!({ "alg": "EdDSA", "kid": key().public().kid(), "typ": "license+jwt" });
    fuzz("license-header", 4, |bytes| {
        let parts = format!("{}.{payload}", URL_SAFE_NO_PAD.encode(bytes));
        let document = format!("{parts}.{}", URL_SAFE_NO_PAD.encode(key().sign(parts.as_bytes())));
        if trust.verify(&document).is_ok() {
            assert_eq!(serde_json::from_slice::<serde_json::Value>(bytes).unwrap(), expected);
        }
    });
}

/// Asserts that a parsed value stays the same when it is written and read again.
fn again<T: PartialEq + Debug>(bytes: &[u8], parse: impl Fn(&[u8]) -> Result<T, Wrong>, write: impl Fn(&T) -> String) {
    match parse(bytes) {
        Ok(value) => assert_eq!(parse(write(&value).as_bytes()), Ok(value)),
        // The error can be displayed safely, whatever the input was.
        Err(wrong) => assert!(!wrong.to_string().chars().any(char::is_control), "{wrong:?}"),
    }
}

#[test]
fn claims() {
    let trust = trust();
    fuzz("license-claims", 1, |bytes| {
        again(bytes, Claims::parse, |claims| claims.to_json().to_string());
        if let Ok(claims) = Claims::parse(bytes) {
            let document = sign(&key(), LICENSE, &claims.to_json());
            assert_eq!(trust.verify(&armored(&document)).unwrap().claims, claims);
        }
    });
}

#[test]
fn key_sets() {
    let parse = |bytes: &[u8]| parse_jwks(&String::from_utf8_lossy(bytes));
    fuzz("license-jwks", 1, |bytes| again(bytes, parse, |keys| to_jwks(keys)));
}

#[test]
fn revocation_lists() {
    fuzz("license-revocations", 1, |bytes| {
        again(bytes, Revocations::parse, |list| list.to_json(WallTime(0)).to_string())
    });
}

#[test]
fn requests() {
    fuzz("license-request", 1, |bytes| again(bytes, Request::parse, |request| request.to_json().to_string()));
}

#[test]
fn keys_dates_and_patterns() {
    fuzz("license-words", 1, |bytes| {
        let text = &*String::from_utf8_lossy(bytes);
        if let Err(error) = SigningKey::from_pem(&SecretString::from(text)) {
            assert_eq!(error, usher::license::KeyError);
        }
        if let Some(date) = Date::parse(text) {
            assert!(date.start() <= date.end());
            assert_eq!(Date::parse(&iso(date.start())).map(Date::start), Some(date.start()));
        }
        if let Ok(pattern) = HostPattern::parse(text) {
            assert_eq!(HostPattern::parse(pattern.as_str()).as_ref(), Ok(&pattern));
            assert!(pattern.matches(&pattern.as_str().replace('*', "x")), "{pattern}");
        }
    });
}
