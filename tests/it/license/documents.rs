//! The text that may surround a license document, and the largest size.

use usher::error_reason::ErrorReason;
use usher::license::{Claims, LICENSE, armored, unchecked};

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
        // Line breaks joined or added, as mail programs do.
        armor.replace('\n', " "),
        armor.replace('.', ".\n"),
    ] {
        let verified = trust.verify(&text).unwrap_or_else(|rejection| panic!("{rejection}: {text}"));
        assert_eq!((verified.compact, verified.claims), (license.clone(), everything()));
    }
}

/// Shows that a license is read from text that mail programs, chats and people have changed, as long as it can be told
/// apart.
#[test]
fn a_license_that_was_pasted_is_read() {
    let (trust, license) = (trust(&[1]), signed(&everything()));
    let armor = armored(&license);
    let wrapped = |columns: usize, with: &str| {
        let lines: Vec<_> = license.as_bytes().chunks(columns).map(String::from_utf8_lossy).collect();
        lines.join(with)
    };
    for text in [
        // Without armor, and wrapped.
        wrapped(76, "\n"),
        wrapped(20, "\r\n"),
        wrapped(64, " "),
        // Byte order marks, and other kinds of white space.
        format!("\u{feff}{armor}"),
        format!("\u{feff}{license}\r\n"),
        format!("\u{a0}{armor}"),
        armor.replace('.', ".\u{a0}"),
        wrapped(64, "\u{a0}\n"),
        wrapped(50, "\u{200b}"),
        ["\u{a0}", "\u{3000}", "\u{85}", "\u{b}"].map(|space| format!("{space}{license}{space}")).concat(),
        // Quoted.
        format!("> {}", armor.replace('\n', "\n> ")),
        format!(">> {}", wrapped(70, "\n>> ")),
        format!("> > {}", wrapped(70, "\n> > ")),
        format!("| {}", wrapped(70, "\n| ")),
        // Surrounded by text.
        format!("Dear customer,\n{armor}"),
        format!("{armor}Yours"),
        format!("Dear customer, this is your license: {license}\n\nYours sincerely"),
        format!("Dear customer,\n\n{}\nYours sincerely", wrapped(76, "\n")),
        format!("```\n{license}\n```"),
        format!("<{license}>"),
        format!("Here: {license}. Install it."),
        armor.replacen('\n', "\nComment: x\n", 1),
        // Missing lines and dashes.
        armor.replace("-----END USHER LICENSE-----", ""),
        armor.replace("-----BEGIN USHER LICENSE-----", ""),
        armor.replace("-----BEGIN", "BEGIN").replace("LICENSE-----", "LICENSE"),
        armor.replace("-----", "\u{2014}\u{2013}"),
        armor.replace("-----", "--"),
        armor.replace('\n', ""),
        armor.replace("BEGIN USHER LICENSE", "BEGIN LICENSE"),
        license.replace('-', "\u{2011}") + "\n",
        // Repeated below, as in a mail thread.
        format!("{armor}{armor}"),
        format!("{armor}\n> {}", armor.replace('\n', "\n> ")),
    ] {
        let verified = trust.verify(&text).unwrap_or_else(|rejection| panic!("{rejection}: {text}"));
        assert_eq!((verified.compact, verified.claims), (license.clone(), everything()), "{text}");
    }
}

#[test]
fn two_dashes_that_became_a_long_one_are_read() {
    let trust = trust(&[1]);
    // About one document in a few contains two dashes; takes the first one that does.
    let mut licenses = (1..10_000).map(|revision| signed(&Claims { revision, ..everything() }));
    let license = licenses.find(|license| license.contains("--")).expect("one of them");
    assert_eq!(trust.verify(&license.replace("--", "\u{2014}")).unwrap().compact, license);
}

/// Shows that a license which cannot be told apart from the surrounding text is refused, and that the message names the
/// armor.
#[test]
fn a_license_that_cannot_be_told_from_what_is_around_it_is_refused() {
    let trust = trust(&[1]);
    let license = signed(&everything());
    let armor = armored(&license);
    let named = "has no whole license in it; one is all from -----BEGIN USHER LICENSE----- to \
                 -----END USHER LICENSE-----";
    for text in [
        armor.to_lowercase(),
        armor.replacen("eyJ", "eyK", 1),
        armor.replacen('.', "", 1),
        // The end is missing.
        armored(&license[..license.len() - 10]),
        format!("Dear customer, {}", &license[..license.len() - 1]),
        format!("Dear customer, {license}a"),
        format!("Dear customer, {license}="),
        format!("Dear customer, {}", &license[1..]),
        "-----BEGIN USHER LICENSE-----\n-----END USHER LICENSE-----\n".to_owned(),
        "Dear customer".to_owned(),
        "eyJ".repeat(20_000) + " .",
        "eyJ ".repeat(16_000),
        "eyJ.eyJ. ".repeat(7_000),
    ] {
        let refused = trust.verify(&text).unwrap_err();
        assert_eq!(refused.reason(), ErrorReason::LicenseMalformed, "{text}");
        assert_eq!(refused.to_string(), format!("the document is not readable: {named}"), "{text}");
    }
    let mut other = everything();
    other.revision += 1;
    let two = format!("{armor}{}", armored(&signed(&other)));
    let refused = trust.verify(&two).unwrap_err().to_string();
    assert_eq!(refused, "the document is not readable: holds several licenses; install one after the other");
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
    for text in
        [format!("{license}."), format!(".{license}"), format!("{license}.{license}"), license.replacen('.', "..", 1)]
    {
        let rejection = trust.verify(&text).unwrap_err().to_string();
        assert_eq!(rejection, "the document is not readable: must be three parts with dots between them", "{text}");
    }
}

/// Shows that a document may have 64 KiB, with all surrounding text.
#[test]
fn a_license_has_a_largest_size() {
    let trust = trust(&[1]);
    let license = signed(&everything());
    let spaces = LICENSE.max_bytes() - license.len();
    assert_eq!(LICENSE.max_bytes(), 65_536);
    assert_eq!(reason(&trust, &format!("{license}{}", " ".repeat(spaces))), "none");
    assert_eq!(reason(&trust, &format!("{license}{}", " ".repeat(spaces + 1))), "LICENSE_MALFORMED");
    let mut large = least();
    large.features = (0..1_000).map(|number| format!("FEATURE_{number:050}").into()).collect();
    assert_eq!(reason(&trust, &signed(&large)), "LICENSE_MALFORMED");
    large.features = (0..600).map(|number| format!("FEATURE_{number:050}").into()).collect();
    assert_eq!(reason(&trust, &signed(&large)), "none");
}

/// Shows that a document can be displayed without a key, and that the display names the key which verifies it.
#[test]
fn a_document_can_be_looked_at_without_a_key() {
    let shown = unchecked(&armored(&signed(&everything())), LICENSE).unwrap();
    assert_eq!(shown.payload, everything().to_json().to_string().into_bytes());
    assert_eq!(shown.kid, super::public(1).kid());
    assert_eq!(unchecked("a.b.c", LICENSE).unwrap_err().reason(), ErrorReason::LicenseMalformed);
}

/// Shows that equal claims always become the same text, so that installing a license again changes nothing.
#[test]
fn the_same_claims_are_the_same_document() {
    assert_eq!(signed(&everything()), signed(&everything()));
    let verified = trust(&[1]).verify(&signed(&everything())).unwrap();
    assert_eq!(signed(&verified.claims), verified.compact);
}
