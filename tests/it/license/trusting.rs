//! The keys that count: several during a rotation, and none outside of the trust set.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use usher::error_reason::ErrorReason;
use usher::license::{REVOCATIONS, Revocations, Revoked, load_trust, parse_jwks, sign, to_jwks};

use super::{ISSUED, everything, header, key, public, reason, signed, trust};

#[test]
fn keys_are_rotated() {
    let license = |number: u8| {
        let payload = everything().to_json().to_string();
        super::assembled(number, &header(number).to_string(), payload.as_bytes())
    };
    // Before the rotation, while both keys count, and after the old key is removed.
    for (trusted, with_the_old, with_the_new) in [
        (&[1][..], "none", "LICENSE_KEY_UNKNOWN"),
        (&[1, 2], "none", "none"),
        (&[2], "LICENSE_KEY_UNKNOWN", "none"),
        (&[], "LICENSE_KEY_UNKNOWN", "LICENSE_KEY_UNKNOWN"),
        (&[3, 4, 5], "LICENSE_KEY_UNKNOWN", "LICENSE_KEY_UNKNOWN"),
    ] {
        let trust = trust(trusted);
        assert_eq!(
            (reason(&trust, &license(1)), reason(&trust, &license(2))),
            (with_the_old, with_the_new),
            "{trusted:?}"
        );
    }
}

fn jwk() -> Value {
    let jwks: Value = serde_json::from_str(&to_jwks(&[public(1)])).unwrap();
    jwks["keys"][0].clone()
}

#[test]
fn a_key_set_is_read_as_it_is_written() {
    let keys = [public(1), public(2)];
    assert_eq!(parse_jwks(&to_jwks(&keys)).unwrap(), keys);
    // The form that other programs write: without `kid`, and without a purpose.
    let bare = json!({ "keys": [{ "kty": "OKP", "crv": "Ed25519", "x": jwk()["x"] }] });
    assert_eq!(parse_jwks(&bare.to_string()).unwrap(), [public(1)]);
    assert_eq!(parse_jwks(r#"{"keys":[]}"#).unwrap(), []);
}

#[test]
fn what_is_no_key_to_trust_is_refused() {
    let check = |member: &str, value: Value, expected: &str| {
        let mut jwk = jwk();
        match &value {
            Value::Null => drop(jwk.as_object_mut().unwrap().remove(member)),
            _ => jwk[member] = value.clone(),
        }
        let said = parse_jwks(&json!({ "keys": [jwk] }).to_string()).map_err(|wrong| wrong.to_string());
        assert_eq!(said.unwrap_err(), format!("keys[0].{expected}"), "{member} {value}");
    };
    let private = "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A";
    check("d", json!(private), "d: is a private key; only public keys belong here");
    check("kid", json!(public(2).kid()), &format!("kid: must be {}, or left out", public(1).kid()));
    check("kid", json!("key-1"), &format!("kid: must be {}, or left out", public(1).kid()));
    check("use", json!("enc"), "use: must be sig, or left out");
    check("alg", json!("ES256"), "alg: must be EdDSA, or left out");
    for (member, value) in [("kty", "EC"), ("kty", "oct"), ("kty", "RSA"), ("crv", "X25519"), ("crv", "Ed448")] {
        check(member, json!(value), "kty: must be OKP, and crv Ed25519");
    }
    for x in ["", "AAAA", "not base64url!", &"A".repeat(44), &format!("{}B", "A".repeat(42))] {
        check("x", json!(x), "x: must be 32 bytes in base64url");
    }
    check("x", json!(null), "x: is missing");
    check("x5u", json!("https://vendor.example"), "x5u: is unknown");
    for text in
        ["", "[]", "{}", r#"{"keys":{}}"#, r#"{"keys":[],"keys":[]}"#, r#"{"keys":[],"more":1}"#, r#"{"keys":[1]}"#]
    {
        assert!(parse_jwks(text).is_err(), "{text}");
    }
}

fn write(folder: &Path, name: &str, text: &str) {
    fs::write(folder.join(name), text).unwrap();
}

/// Returns a list that revokes revision 3 of [`everything`].
fn list(number: u8) -> String {
    let mut list = Revocations::default();
    let claims = everything();
    list.add(claims.tenant, claims.license, Revoked { through: 3, why: None });
    sign(&key(number), REVOCATIONS, &list.to_json(ISSUED))
}

#[test]
fn a_file_or_a_folder_is_loaded() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "old.jwks", &to_jwks(&[public(1), public(2)]));
    let kids =
        |path: &Path| -> Vec<String> { load_trust(path).unwrap().keys().map(|key| key.kid().to_owned()).collect() };
    let mut both = vec![public(1).kid().to_owned(), public(2).kid().to_owned()];
    both.sort();
    assert_eq!(kids(&folder.path().join("old.jwks")), both);

    // A key may be in several files; files that are no key sets are ignored.
    write(folder.path(), "new.json", &to_jwks(&[public(2), public(3)]));
    write(folder.path(), "README.md", "keys");
    write(folder.path(), "vendor.pem", "-----BEGIN PRIVATE KEY-----");
    fs::create_dir(folder.path().join("more")).unwrap();
    write(&folder.path().join("more"), "x.jwks", "nothing");
    both.push(public(3).kid().to_owned());
    both.sort();
    assert_eq!(kids(folder.path()), both);

    // In the order of names, a list may come before the key that signed it.
    write(folder.path(), "a.revoked", &list(3));
    let trust = load_trust(folder.path()).unwrap();
    assert_eq!(trust.revocations().len(), 1);
    let verified = trust.verify(&signed(&everything())).unwrap();
    assert_eq!(trust.not_revoked(&verified.claims).unwrap_err().reason(), ErrorReason::LicenseRevoked);
}

/// Shows that one wrong file is named and nothing is loaded: part of a trust set would let a revoked license pass, or
/// refuse a valid one.
#[test]
fn one_wrong_file_is_named_and_nothing_is_loaded() {
    let good = to_jwks(&[public(1)]);
    for (name, text, said) in [
        ("b.jwks", "{", "is not JSON"),
        ("b.json", r#"{"keys":[{"kty":"RSA","crv":"","x":""}]}"#, "keys[0].kty: must be OKP"),
        ("b.revoked", "x", "must be three parts"),
        ("b.revoked", &*list(2), "not trusted here"),
        ("b.revoked", &*format!("{}A", list(1)), "the signature"),
        ("b.revoked", &*signed(&everything()), "typ: must be license-revocations+jwt"),
        ("b.jwks", &*" ".repeat(1024 * 1024 + 1), "is larger than 1048576 bytes"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), "a.jwks", &good);
        write(folder.path(), name, text);
        let error = load_trust(folder.path()).unwrap_err();
        assert_eq!(error.file, folder.path().join(name));
        assert!(error.what.contains(said), "{name}: {error}");
    }
    // Of several wrong files, it is always the same one that is named.
    let folder = tempfile::tempdir().unwrap();
    for name in ["d.jwks", "b.jwks", "c.json", "a.revoked"] {
        write(folder.path(), name, "{");
    }
    assert_eq!(load_trust(folder.path()).unwrap_err().file, folder.path().join("b.jwks"));
    let folder = tempfile::tempdir().unwrap();
    let error = load_trust(folder.path()).unwrap_err();
    assert_eq!((error.file.as_path(), &*error.what), (folder.path(), "has no key"));
    let missing = folder.path().join("missing.jwks");
    assert_eq!(load_trust(&missing).unwrap_err().file, missing);
    // A list without a key is refused.
    write(folder.path(), "a.revoked", &list(1));
    assert!(load_trust(folder.path()).unwrap_err().what.contains("has no key"));
}
