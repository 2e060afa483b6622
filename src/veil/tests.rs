use std::collections::BTreeSet;

use super::*;

fn veils(byte: u8) -> Veils {
    Veils::new(Secret::stored([byte; 32]))
}

fn veil() -> Veil {
    veils(7).veil(Purpose::Event, &[b"acme"])
}

/// Numbers as they come, the first ones, the last ones, and each bit alone.
fn numbers() -> impl Iterator<Item = u64> + Clone {
    let bits = (0..64).map(|bit| 1 << bit);
    (0..2_000).chain(u64::MAX - 2_000..=u64::MAX).chain(bits)
}

#[test]
fn what_was_veiled_is_unveiled() {
    let veil = veil();
    for number in numbers() {
        for salt in [0, 1, number, u64::MAX] {
            assert_eq!(veil.unveil(veil.veil(number, salt)), (number, salt));
        }
        // The other way round, too: every block stands for something.
        let block = u128::from(number) << 64 | u128::from(number.reverse_bits());
        let (number, salt) = veil.unveil(block);
        assert_eq!(veil.veil(number, salt), block);
    }
}

#[test]
fn names_are_different_and_in_no_order() {
    let veil = veil();
    let names: Vec<String> = (0..5_000).map(|number| veil.name(number)).collect();
    assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), names.len());
    assert!(names.iter().all(|name| name.len() == 32 && name.bytes().all(|byte| byte.is_ascii_hexdigit())));
    let up = names.windows(2).filter(|pair| pair[0] < pair[1]).count();
    assert!((2_300..2_700).contains(&up), "{up} of 4,999 follow upwards");
    let distance = |pair: &[u64]| veil.veil(pair[1], 0).wrapping_sub(veil.veil(pair[0], 0));
    let distances: BTreeSet<_> = (0..5_000).collect::<Vec<_>>().windows(2).map(distance).collect();
    assert_eq!(distances.len(), 4_999, "neighbors are never as far apart as others");
}

/// Of what goes in, a bit more or less changes half of what comes out, on average; and of the key as well.
#[test]
fn every_bit_counts() {
    let veil = veil();
    let mut changed = 0;
    for bit in 0..64 {
        for number in 0..50 {
            let one = veil.veil(number, 0);
            changed += (one ^ veil.veil(number ^ 1 << bit, 0)).count_ones();
            changed += (one ^ veil.veil(number, 1 << bit)).count_ones();
        }
    }
    let each = f64::from(changed) / f64::from(64 * 50 * 2);
    assert!((63.0..65.0).contains(&each), "{each} of 128 bits");
}

#[test]
fn a_veil_is_of_its_secret_purpose_and_tenant_alone() {
    let all = [
        veil(),
        veils(8).veil(Purpose::Event, &[b"acme"]),
        veils(7).veil(Purpose::Message, &[b"acme"]),
        veils(7).veil(Purpose::Cursor, &[b"acme"]),
        veils(7).veil(Purpose::Event, &[b"other"]),
        veils(7).veil(Purpose::Event, &[b"ac", b"me"]),
        veils(7).veil(Purpose::Event, &[b"acme", b""]),
        veils(7).veil(Purpose::Event, &[]),
    ];
    let names: BTreeSet<String> = all.iter().map(|veil| veil.name(42)).collect();
    assert_eq!(names.len(), all.len());
    assert_eq!(veil().name(42), all[0].name(42), "the same each time");
}

/// Ids and tokens mean the same for ever: these numbers were computed by another program, from the words of the module.
#[test]
fn a_veil_never_changes() {
    assert_eq!(veil().name(42), "d0698a0a6e061f04e2895cda46a949e2");
    assert_eq!(
        veils(7).seal(&[b"acme"]).of(b"token"),
        [178, 96, 13, 227, 225, 147, 60, 236, 249, 80, 84, 251, 249, 135, 11, 124]
    );
}

#[test]
fn a_seal_fits_what_it_is_of_and_nothing_else() {
    let seal = veils(7).seal(&[b"acme"]);
    let of = seal.of(b"token");
    assert!(seal.fits(b"token", &of));
    assert!(!seal.fits(b"tokem", &of) && !seal.fits(b"token", &of[1..]) && !seal.fits(b"token", b""));
    assert!(!veils(7).seal(&[b"other"]).fits(b"token", &of) && !veils(8).seal(&[b"acme"]).fits(b"token", &of));
}

#[test]
fn nothing_shows_the_secret() {
    let (secret, veils) = (Secret::stored(*b"hushhushhushhushhushhushhushhush"), veils(b'h'));
    let shown = format!("{secret:?} {veils:?} {:?} {:?}", veils.veil(Purpose::Event, &[]), veils.seal(&[]));
    assert!(!shown.contains("hush") && !shown.contains("104") && !shown.contains("68"), "{shown}");
    assert_ne!(Secret::random(), Secret::random());
}
