//! Altered licenses are refused: every flipped bit, every missing byte, every additional byte.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::{everything, signed, trust};

#[test]
fn every_flipped_bit_is_refused() {
    let (trust, license) = (trust(&[1]), signed(&everything()));
    trust.verify(&license).expect("it is genuine as it stands");
    let mut texts = 0;
    for at in 0..license.len() {
        for bit in 0..8 {
            let mut bytes = license.clone().into_bytes();
            bytes[at] ^= 1 << bit;
            // Bytes that are no UTF-8 are no document; protobuf refuses them already.
            if let Ok(altered) = String::from_utf8(bytes) {
                assert!(trust.verify(&altered).is_err(), "bit {bit} of byte {at}: {altered}");
                texts += 1;
            }
        }
    }
    // All bits except the highest one of each byte, which makes the bytes invalid UTF-8.
    assert_eq!(texts, license.len() * 7);
}

/// Shows that every flipped bit in the decoded parts is refused; the document stays three parts of valid base64url.
#[test]
fn every_flipped_bit_of_what_it_says_is_refused() {
    let (trust, license) = (trust(&[1]), signed(&everything()));
    let parts: Vec<_> = license.split('.').map(|part| URL_SAFE_NO_PAD.decode(part).unwrap()).collect();
    for part in 0..3 {
        for bit in 0..8 * parts[part].len() {
            let mut altered = parts.clone();
            altered[part][bit / 8] ^= 1 << (bit % 8);
            let altered = altered.iter().map(|part| URL_SAFE_NO_PAD.encode(part)).collect::<Vec<_>>().join(".");
            assert!(trust.verify(&altered).is_err(), "bit {bit} of part {part}: {altered}");
        }
    }
}

#[test]
fn every_missing_and_every_doubled_byte_is_refused() {
    let (trust, license) = (trust(&[1]), signed(&everything()));
    for at in 0..license.len() {
        let mut missing = license.clone();
        missing.remove(at);
        assert!(trust.verify(&missing).is_err(), "without byte {at}: {missing}");
        let mut doubled = license.clone();
        doubled.insert(at, license.as_bytes()[at].into());
        assert!(trust.verify(&doubled).is_err(), "byte {at} twice: {doubled}");
    }
}

#[test]
fn every_truncation_is_refused() {
    let (trust, license) = (trust(&[1]), signed(&everything()));
    for at in 0..license.len() {
        assert!(trust.verify(&license[..at]).is_err(), "the first {at} bytes");
        assert!(at == 0 || trust.verify(&license[at..]).is_err(), "from byte {at} on");
    }
}

/// Shows that parts of two genuine licenses do not combine into a third one.
#[test]
fn parts_of_two_licenses_are_refused() {
    let trust = trust(&[1]);
    let mut other = everything();
    other.revision += 1;
    let (one, other) = (signed(&everything()), signed(&other));
    let (one, other): (Vec<_>, Vec<_>) = (one.split('.').collect(), other.split('.').collect());
    for mixed in 1..7 {
        let parts: Vec<_> = (0..3).map(|part| if mixed >> part & 1 == 1 { one[part] } else { other[part] }).collect();
        // Both licenses have the same header.
        let genuine = parts[1..] == one[1..] || parts[1..] == other[1..];
        assert_eq!(trust.verify(&parts.join(".")).is_ok(), genuine, "{mixed}");
    }
}
