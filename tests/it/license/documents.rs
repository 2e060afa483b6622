//! What may stand around a license, and how large one may be.

use usher::license::{LICENSE, armored, unchecked};

use super::{everything, least, reason, signed, trust};

#[test]
fn a_license_is_read_with_and_without_armor() {
    let (trust, license) = (trust(&[1]), signed(&everything()));
    let armor = armored(&license);
    assert!(armor.lines().all(|line| line.len() <= 64), "{armor}");
    for text in [
        license.clone(),
        format!("{license}\n"),
        format!(" \r\n\t{license}\r\n\r\n"),
        armor.clone(),
        armor.replace('\n', "\r\n"),
        armor.replace('\n', "\n> ").replace("> ", "  "),
        format!("\n\n{armor}\n\n"),
        // As a mail program joins or breaks lines.
        armor.replace('\n', " "),
        armor.replace('.', ".\n"),
    ] {
        let verified = trust.verify(&text).unwrap_or_else(|rejection| panic!("{rejection}: {text}"));
        assert_eq!((verified.compact, verified.claims), (license.clone(), everything()));
    }
}

#[test]
fn a_broken_armor_is_refused() {
    let trust = trust(&[1]);
    let armor = armored(&signed(&everything()));
    for text in [
        armor.replace("-----END USHER LICENSE-----", ""),
        armor.replace("-----BEGIN USHER LICENSE-----", ""),
        armor.replace("BEGIN USHER LICENSE", "BEGIN LICENSE"),
        armor.replace("END USHER LICENSE", "END LICENSE"),
        armor.to_lowercase(),
        format!("{armor}{armor}"),
        format!("Dear customer,\n{armor}"),
        format!("{armor}Yours"),
        armor.replacen('\n', "\nComment: x\n", 1),
        format!("\u{feff}{armor}"),
        armor.replace('.', ".\u{a0}"),
        format!("\u{a0}{armor}"),
        armored(&armor),
    ] {
        assert_eq!(reason(&trust, &text), "LICENSE_MALFORMED", "{text}");
    }
}

#[test]
fn what_is_no_document_is_refused() {
    let trust = trust(&[1]);
    for text in
        ["", " ", ".", "..", "...", "a.b.c", "a.b", "a.b.c.d", "{}", "\0", "ä.ö.ü", "-----BEGIN USHER LICENSE-----"]
    {
        assert_eq!(reason(&trust, text), "LICENSE_MALFORMED", "{text:?}");
    }
    let license = signed(&everything());
    // White space of other kinds is not around a document, but in it.
    for space in ["\u{a0}", "\u{3000}", "\u{85}", "\u{b}", "\0"] {
        assert_eq!(reason(&trust, &format!("{license}{space}")), "LICENSE_MALFORMED", "{space:?}");
    }
    for text in
        [format!("{license}."), format!(".{license}"), format!("{license}.{license}"), license.replacen('.', "..", 1)]
    {
        let rejection = trust.verify(&text).unwrap_err().to_string();
        assert_eq!(rejection, "the document is not readable: must be three parts with dots between them", "{text}");
    }
}

/// 64 KiB with everything around it.
#[test]
fn a_license_has_a_largest_size() {
    let trust = trust(&[1]);
    let license = signed(&everything());
    let spaces = LICENSE.most() - license.len();
    assert_eq!(LICENSE.most(), 65_536);
    assert_eq!(reason(&trust, &format!("{license}{}", " ".repeat(spaces))), "none");
    assert_eq!(reason(&trust, &format!("{license}{}", " ".repeat(spaces + 1))), "LICENSE_MALFORMED");
    let mut large = least();
    large.features = (0..1_000).map(|number| format!("FEATURE_{number:050}").into()).collect();
    assert_eq!(reason(&trust, &signed(&large)), "LICENSE_MALFORMED");
    large.features = (0..600).map(|number| format!("FEATURE_{number:050}").into()).collect();
    assert_eq!(reason(&trust, &signed(&large)), "none");
}

/// To show what is in a document, one needs no key; and learns which one it needs.
#[test]
fn a_document_can_be_looked_at_without_a_key() {
    let shown = unchecked(&armored(&signed(&everything())), LICENSE).unwrap();
    assert_eq!(shown.payload, everything().to_json().to_string().into_bytes());
    assert_eq!(shown.kid, super::public(1).kid());
    assert_eq!(unchecked("a.b.c", LICENSE).unwrap_err().reason(), "LICENSE_MALFORMED");
}

/// The same license is the same text, whoever signs it when: installing it again changes nothing.
#[test]
fn the_same_claims_are_the_same_document() {
    assert_eq!(signed(&everything()), signed(&everything()));
    let verified = trust(&[1]).verify(&signed(&everything())).unwrap();
    assert_eq!(signed(&verified.claims), verified.compact);
}
