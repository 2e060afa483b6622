use std::collections::BTreeSet;

use super::*;

fn opaque_ids(byte: u8) -> OpaqueIds {
    OpaqueIds::new(Secret::stored([byte; 32]))
}

fn codec() -> IdCodec {
    opaque_ids(7).codec(Purpose::Event, &[b"acme"])
}

/// Small numbers, the largest ones, and each bit alone.
fn numbers() -> impl Iterator<Item = u64> + Clone {
    let bits = (0..64).map(|bit| 1 << bit);
    (0..2_000).chain(u64::MAX - 2_000..=u64::MAX).chain(bits)
}

#[test]
fn what_was_encoded_is_decoded() {
    let codec = codec();
    for number in numbers() {
        for salt in [0, 1, number, u64::MAX] {
            assert_eq!(codec.decode(codec.encode(number, salt)), (number, salt));
        }
        // In the other direction, too: every block decodes to something.
        let block = u128::from(number) << 64 | u128::from(number.reverse_bits());
        let (number, salt) = codec.decode(block);
        assert_eq!(codec.encode(number, salt), block);
    }
}

#[test]
fn names_are_different_and_in_no_order() {
    let codec = codec();
    let names: Vec<String> = (0..5_000).map(|number| codec.name(number)).collect();
    assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), names.len());
    assert!(names.iter().all(|name| name.len() == 32 && name.bytes().all(|byte| byte.is_ascii_hexdigit())));
    let up = names.windows(2).filter(|pair| pair[0] < pair[1]).count();
    assert!((2_300..2_700).contains(&up), "{up} of 4,999 follow upwards");
    let distance = |pair: &[u64]| codec.encode(pair[1], 0).wrapping_sub(codec.encode(pair[0], 0));
    let distances: BTreeSet<_> = (0..5_000).collect::<Vec<_>>().windows(2).map(distance).collect();
    assert_eq!(distances.len(), 4_999, "neighbors are never as far apart as others");
}

/// A change of one bit of the input changes half of the output bits on average; so does a change of the key.
#[test]
fn every_bit_counts() {
    let codec = codec();
    let mut changed = 0;
    for bit in 0..64 {
        for number in 0..50 {
            let one = codec.encode(number, 0);
            changed += (one ^ codec.encode(number ^ 1 << bit, 0)).count_ones();
            changed += (one ^ codec.encode(number, 1 << bit)).count_ones();
        }
    }
    let each = f64::from(changed) / f64::from(64 * 50 * 2);
    assert!((63.0..65.0).contains(&each), "{each} of 128 bits");
}

#[test]
fn a_codec_is_of_its_secret_purpose_and_tenant_alone() {
    let all = [
        codec(),
        opaque_ids(8).codec(Purpose::Event, &[b"acme"]),
        opaque_ids(7).codec(Purpose::Message, &[b"acme"]),
        opaque_ids(7).codec(Purpose::Cursor, &[b"acme"]),
        opaque_ids(7).codec(Purpose::Event, &[b"other"]),
        opaque_ids(7).codec(Purpose::Event, &[b"ac", b"me"]),
        opaque_ids(7).codec(Purpose::Event, &[b"acme", b""]),
        opaque_ids(7).codec(Purpose::Event, &[]),
    ];
    let names: BTreeSet<String> = all.iter().map(|codec| codec.name(42)).collect();
    assert_eq!(names.len(), all.len());
    assert_eq!(codec().name(42), all[0].name(42), "the same each time");
}

/// Ids and tokens must keep their meaning forever: another program computed these numbers, from the description of the
/// module.
#[test]
fn a_codec_never_changes() {
    assert_eq!(codec().name(42), "d0698a0a6e061f04e2895cda46a949e2");
    assert_eq!(
        opaque_ids(7).mac(&[b"acme"]).sign(b"token"),
        [178, 96, 13, 227, 225, 147, 60, 236, 249, 80, 84, 251, 249, 135, 11, 124]
    );
}

#[test]
fn a_mac_fits_its_message_and_nothing_else() {
    let mac = opaque_ids(7).mac(&[b"acme"]);
    let of = mac.sign(b"token");
    assert!(mac.verify(b"token", &of));
    assert!(!mac.verify(b"tokem", &of) && !mac.verify(b"token", &of[1..]) && !mac.verify(b"token", b""));
    assert!(
        !opaque_ids(7).mac(&[b"other"]).verify(b"token", &of) && !opaque_ids(8).mac(&[b"acme"]).verify(b"token", &of)
    );
}

#[test]
fn nothing_shows_the_secret() {
    let (secret, opaque_ids) = (Secret::stored(*b"hushhushhushhushhushhushhushhush"), opaque_ids(b'h'));
    let shown =
        format!("{secret:?} {opaque_ids:?} {:?} {:?}", opaque_ids.codec(Purpose::Event, &[]), opaque_ids.mac(&[]));
    assert!(!shown.contains("hush") && !shown.contains("104") && !shown.contains("68"), "{shown}");
    assert_ne!(Secret::random(), Secret::random());
}
