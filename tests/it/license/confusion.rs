//! Known attacks on signed tokens: another algorithm, a key of the attacker's own, a second encoding of the same bytes.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use usher::license::{LICENSE, REVOCATIONS, Revocations, armored, sign};

use super::{ISSUED, assembled, everything, header, key, least, public, reason, signed, trust};

/// Changes one member of a good license's header (`null`: removes it) and checks the reason of the refusal. The
/// vendor's own key signs the document, as if the vendor had been tricked.
fn check(member: &str, value: Value, expected: &str) {
    let mut header = header(1);
    match &value {
        Value::Null => drop(header.as_object_mut().unwrap().remove(member)),
        _ => header[member] = value.clone(),
    }
    let document = assembled(1, &header.to_string(), everything().to_json().to_string().as_bytes());
    assert_eq!(reason(&trust(&[1]), &document), expected, "{member} {value}");
}

#[test]
fn only_the_header_that_we_write_is_read() {
    check("kid", json!(public(1).kid()), "none");
    for algorithm in [
        "none", "None", "NONE", "nOnE", "", "HS256", "HS512", "RS256", "ES256", "ES256K", "PS256", "Ed25519", "Ed448",
        "eddsa", "EDDSA", "EdDSA ", " EdDSA", "EdDSA\0",
    ] {
        check("alg", json!(algorithm), "LICENSE_ALGORITHM");
    }
    for algorithm in [json!(["EdDSA"]), json!(1), json!(true), json!({ "EdDSA": 1 })] {
        check("alg", algorithm, "LICENSE_ALGORITHM");
    }
    check("alg", json!(null), "LICENSE_MALFORMED");

    for typ in [json!(null), json!("JWT"), json!("LICENSE+JWT"), json!("application/license+jwt"), json!(1)] {
        check("typ", typ, "LICENSE_MALFORMED");
    }
    check("typ", json!("license-revocations+jwt"), "LICENSE_MALFORMED");

    check("kid", json!(public(2).kid()), "LICENSE_KEY_UNKNOWN");
    for kid in [json!(null), json!(""), json!(1), json!("key-1"), json!(format!("{}=", public(1).kid()))] {
        check("kid", kid, "LICENSE_MALFORMED");
    }
}

/// Shows that members which name keys outside of the trust set, or demand extensions, are refused.
#[test]
fn nothing_else_is_read_from_a_header() {
    let mine = json!({ "kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo" });
    for (member, value) in [
        ("jwk", mine),
        ("jku", json!("https://vendor.example/keys.jwks")),
        ("x5u", json!("https://vendor.example/key.pem")),
        ("x5c", json!(["MIIB"])),
        ("x5t", json!("AAAA")),
        ("x5t#S256", json!("AAAA")),
        ("crit", json!([])),
        ("crit", json!(["exp"])),
        ("crit", json!(["b64"])),
        ("b64", json!(true)),
        ("b64", json!(false)),
        ("cty", json!("JWT")),
        ("zip", json!("DEF")),
        ("exp", json!(1)),
    ] {
        check(member, value, "LICENSE_MALFORMED");
    }
}

/// Shows that a license is refused if another key signed it: under the vendor's key id, or with its own.
#[test]
fn a_key_of_ones_own_signs_nothing() {
    let payload = everything().to_json().to_string();
    let trusts_one = trust(&[1]);
    assert_eq!(reason(&trusts_one, &assembled(2, &header(1).to_string(), payload.as_bytes())), "LICENSE_SIGNATURE");
    assert_eq!(reason(&trusts_one, &assembled(2, &header(2).to_string(), payload.as_bytes())), "LICENSE_KEY_UNKNOWN");
    assert_eq!(reason(&trusts_one, &assembled(1, &header(1).to_string(), payload.as_bytes())), "none");
}

/// Shows that a MAC keyed with the vendor's public key is no signature: a verifier that lets the document choose the
/// algorithm would accept it.
#[test]
fn a_tag_made_with_the_public_key_signs_nothing() {
    let trust = trust(&[1]);
    let payload = URL_SAFE_NO_PAD.encode(everything().to_json().to_string());
    let x = usher_x(1);
    for secret in [x.clone(), URL_SAFE_NO_PAD.encode(&x).into_bytes()] {
        for algorithm in ["HS256", "EdDSA"] {
            let mut header = header(1);
            header["alg"] = json!(algorithm);
            let parts = format!("{}.{payload}", URL_SAFE_NO_PAD.encode(header.to_string()));
            let tag = URL_SAFE_NO_PAD.encode(hmac(&secret, parts.as_bytes()));
            let expected = if algorithm == "EdDSA" { "LICENSE_SIGNATURE" } else { "LICENSE_ALGORITHM" };
            assert_eq!(reason(&trust, &format!("{parts}.{tag}")), expected);
        }
    }
}

/// Returns the 32 bytes of a public key, as its JWK has them.
fn usher_x(number: u8) -> Vec<u8> {
    let jwks: Value = serde_json::from_str(&usher::license::to_jwks(&[public(number)])).unwrap();
    URL_SAFE_NO_PAD.decode(jwks["keys"][0]["x"].as_str().unwrap()).unwrap()
}

fn hmac(secret: &[u8], message: &[u8]) -> Vec<u8> {
    let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, secret);
    ring::hmac::sign(&key, message).as_ref().to_vec()
}

#[test]
fn a_license_without_a_signature_is_refused() {
    let trust = trust(&[1]);
    let license = signed(&everything());
    let (parts, _) = license.rsplit_once('.').unwrap();
    assert_eq!(reason(&trust, &format!("{parts}.")), "LICENSE_SIGNATURE");
    assert_eq!(reason(&trust, parts), "LICENSE_MALFORMED");
    let none = URL_SAFE_NO_PAD.encode(json!({ "alg": "none", "typ": "JWT" }).to_string());
    let payload = parts.split_once('.').unwrap().1;
    assert_eq!(reason(&trust, &format!("{none}.{payload}.")), "LICENSE_ALGORITHM");
    // R = the neutral element, S = 0; and other values of 64 bytes that are no signature.
    for byte in [0, 1, 0x80, 0xff] {
        let signature = URL_SAFE_NO_PAD.encode([byte; 64]);
        assert_eq!(reason(&trust, &format!("{parts}.{signature}")), "LICENSE_SIGNATURE");
    }
}

/// Shows that S + L is refused in place of S: a verifier that reduces S would accept two forms of one signature.
#[test]
fn a_signature_has_one_form() {
    const L: [u8; 32] = [
        0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, 0, 0, 0, 0, 0,
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
    ];
    let license = signed(&everything());
    let (parts, signature) = license.rsplit_once('.').unwrap();
    let mut signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
    let mut carry = 0;
    for (byte, add) in signature[32..].iter_mut().zip(L) {
        let sum = u16::from(*byte) + u16::from(add) + carry;
        *byte = sum as u8;
        carry = sum >> 8;
    }
    assert_eq!(carry, 0);
    assert_eq!(reason(&trust(&[1]), &format!("{parts}.{}", URL_SAFE_NO_PAD.encode(signature))), "LICENSE_SIGNATURE");
}

/// Shows that another encoding of the same bytes is refused.
#[test]
fn base64url_has_one_form() {
    let trust = trust(&[1]);
    let license = signed(&everything());
    let parts: Vec<&str> = license.split('.').collect();
    let written = |part: usize, text: String| {
        let mut parts: Vec<String> = parts.iter().map(|part| (*part).to_owned()).collect();
        parts[part] = text;
        parts.join(".")
    };
    for (part, text) in parts.iter().enumerate() {
        for padded in
            [format!("{text}="), format!("{text}=="), format!("{text}A"), format!("{text} "), format!(" {text}")]
        {
            // White space is no part of a document, and is not stored.
            let read = trust.verify(&written(part, padded.clone())).ok();
            assert_eq!(read.map(|read| read.compact), padded.contains(' ').then(|| license.clone()), "{padded}");
        }
        let broken = format!("{}\n{}", &text[..20], &text[20..]);
        assert_eq!(trust.verify(&written(part, broken)).unwrap().compact, license);
    }
    // The last letter of 64 encoded bytes has four bits without meaning.
    let (head, last) = parts[2].split_at(85);
    let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let same = alphabet.find(last).unwrap() / 16 * 16;
    let readings: Vec<_> = (same..same + 16)
        .filter(|at| trust.verify(&written(2, format!("{head}{}", &alphabet[*at..=*at]))).is_ok())
        .collect();
    assert_eq!(readings, [same]);
    // The alphabet of plain base64 is refused.
    let plain = license.replace('-', "+").replace('_', "/");
    assert!(plain == license || reason(&trust, &plain) == "LICENSE_MALFORMED");
}

/// Shows that a repeated member is refused, because parsers differ in which one they use.
#[test]
fn a_member_that_stands_twice_is_refused() {
    let trust = trust(&[1]);
    let payload = everything().to_json().to_string();
    let twice = header(1).to_string().replacen('{', r#"{"alg":"EdDSA","#, 1);
    assert_eq!(reason(&trust, &assembled(1, &twice, payload.as_bytes())), "LICENSE_MALFORMED");
    // Also when one of them is written with an escape.
    let escaped = header(1).to_string().replacen('{', r#"{"\u0061lg":"none","#, 1);
    assert_eq!(reason(&trust, &assembled(1, &escaped, payload.as_bytes())), "LICENSE_MALFORMED");
    for (once, twice) in [
        ("{\"customer_id\"", "{\"revision\":9,\"customer_id\""),
        ("{\"plan\"", "{\"seats\":9,\"plan\""),
        ("{\"MAX_ARCHIVES\"", "{\"MAX_PUBLISH_LOCATIONS\":9,\"MAX_ARCHIVES\""),
    ] {
        let twice = payload.replacen(once, twice, 1);
        assert_ne!(twice, payload);
        assert_eq!(reason(&trust, &assembled(1, &header(1).to_string(), twice.as_bytes())), "LICENSE_MALFORMED");
    }
}

/// Shows that a document of one kind is not accepted as another kind, whoever signed it.
#[test]
fn a_document_of_another_kind_is_no_license() {
    let trust = trust(&[1]);
    let list = sign(&key(1), REVOCATIONS, &Revocations::default().to_json(ISSUED));
    assert_eq!(reason(&trust, &list), "LICENSE_MALFORMED");
    trust.open_revocations(&list).expect("it is a list");
    assert!(trust.open_revocations(&signed(&everything())).is_err());
    // The claims of one kind under the type of another one.
    assert!(trust.open_revocations(&sign(&key(1), REVOCATIONS, &least().to_json())).is_err());
    assert_eq!(reason(&trust, &sign(&key(1), LICENSE, &Revocations::default().to_json(ISSUED))), "LICENSE_MALFORMED");
    // A list has no armor, and a license's armor around it is not accepted.
    assert!(trust.open_revocations(&armored(&list)).is_err());
}
