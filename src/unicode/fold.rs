//! Equality of texts. One folding is used everywhere, Unicode's own for identifiers (NFKC_Casefold of the text's NFD,
//! D147 of the standard): it folds compatibility forms and case, and removes invisible characters. User ids are
//! compared by it (R2), except for the domains of emails, which have a folding of their own (UTS 46). A search also
//! ignores accents.

use std::iter::once;

use icu_casemap::{CaseMapper, CaseMapperBorrowed};
use icu_normalizer::{ComposingNormalizerBorrowed, DecomposingNormalizerBorrowed};
use icu_properties::props::{DefaultIgnorableCodePoint, GeneralCategory, GeneralCategoryGroup};
use icu_properties::{CodePointMapData, CodePointMapDataBorrowed, CodePointSetData, CodePointSetDataBorrowed};
use idna::AsciiDenyList;
use idna::uts46::{Hyphens, Uts46};

static CASES: CaseMapperBorrowed<'static> = CaseMapper::new();
static NFD: DecomposingNormalizerBorrowed<'static> = DecomposingNormalizerBorrowed::new_nfd();
static NFKD: DecomposingNormalizerBorrowed<'static> = DecomposingNormalizerBorrowed::new_nfkd();
static NFKC: ComposingNormalizerBorrowed<'static> = ComposingNormalizerBorrowed::new_nfkc();
static INVISIBLE: CodePointSetDataBorrowed<'static> = CodePointSetData::new::<DefaultIgnorableCodePoint>();
static CATEGORIES: CodePointMapDataBorrowed<'static, GeneralCategory> = CodePointMapData::new();

/// Largest number of rounds, in case some text never becomes stable. The tests fold every letter, and each is stable
/// sooner.
const ROUNDS: usize = 8;

/// Folds a text, so that all its spellings become equal: `Σ`, `σ` and `ς` become `σ`, `ß` becomes `ss`, `ﬁ` becomes
/// `fi`.
#[must_use]
pub fn fold(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    let round = |text: String| NFKC.normalize(&CASES.fold_string(&visible(&text))).into_owned();
    rounds(NFD.normalize(text).into_owned(), round)
}

/// True if a text certainly folds to itself as a user id: visible ASCII, in lower case. That is a fast check that most
/// ids pass.
#[must_use]
pub fn is_plain_user_id(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_graphic() && !byte.is_ascii_uppercase()) && !text.contains(A_LABEL)
}

/// Folds an email or login name (R2). Empty if the text has no visible character.
#[must_use]
pub fn user_id(text: &str) -> String {
    if text.is_ascii() {
        let id = text.trim().to_ascii_lowercase();
        if !id.contains(A_LABEL) {
            return id;
        }
    }
    rounds(text.to_owned(), |text| {
        // NFKC before the search for `@`, which has a full-width form, too. Invisible characters of a domain are left
        // to UTS 46, because two domains can differ in nothing but a joiner.
        let text = NFKC.normalize(&text).into_owned();
        match text.trim().rsplit_once('@') {
            Some((local, name)) if !local.is_empty() => format!("{}@{}", fold(local), domain(name)),
            _ => fold(text.trim()),
        }
    })
}

/// Folds as earlier releases did: NFKC, lower case, NFKC again. Some stored ids are still in this form.
#[must_use]
pub fn earlier_user_id(text: &str) -> String {
    if text.is_ascii() {
        return text.trim().to_ascii_lowercase();
    }
    let lower: String = NFKC.normalize(text).chars().flat_map(char::to_lowercase).collect();
    NFKC.normalize(&lower).trim().to_owned()
}

/// Prefix of an international label of a domain in its ASCII form.
const A_LABEL: &str = "xn--";

/// Folds a domain by UTS 46 to its Unicode form: `xn--mnchen-3ya.example` becomes `münchen.example`. The part of a
/// login name after `@` that is no domain is folded like other text.
fn domain(name: &str) -> String {
    match Uts46::new().to_unicode(name.as_bytes(), AsciiDenyList::EMPTY, Hyphens::Allow) {
        (unicode, Ok(())) => unicode.into_owned(),
        (_, Err(_)) => fold(name),
    }
}

/// Folds until nothing changes, because a result can need folding again: lower case of a compatibility form, or an
/// A-label inside another one.
fn rounds(mut text: String, round: impl Fn(String) -> String) -> String {
    for _ in 0..ROUNDS {
        let folded = round(text.clone());
        if folded == text {
            break;
        }
        text = folded;
    }
    text
}

/// Removes invisible characters: zero-width spaces and joiners, direction marks, soft hyphens, variation selectors.
fn visible(text: &str) -> String {
    text.chars().filter(|letter| !INVISIBLE.contains(*letter)).collect()
}

/// Appends a letter in the form that searches compare: folded, and without accents. Letters can be folded one by one,
/// because only the order of marks depends on their neighbors, and marks are left out.
pub fn add_plain(plain: &mut String, letter: char) {
    for part in NFKD.normalize_iter(once(letter)).map(|part| CASES.simple_fold(part)) {
        if INVISIBLE.contains(part) || GeneralCategoryGroup::Mark.contains(CATEGORIES.get(part)) {
            continue;
        }
        match base(part) {
            Some(letters) => plain.push_str(letters),
            None => plain.push(part),
        }
    }
}

/// The base letter of letters that Unicode does not decompose, folded.
fn base(letter: char) -> Option<&'static str> {
    Some(match letter {
        'ß' => "ss",
        'æ' => "ae",
        'œ' => "oe",
        'ø' => "o",
        'đ' | 'ð' => "d",
        'ł' => "l",
        'ħ' => "h",
        'ı' => "i",
        'þ' => "th",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every letter except Han and Hangul, which all behave alike, and except ranges without letters.
    fn every_letter() -> impl Iterator<Item = char> {
        let some = ['\0'..'\u{3400}', '\u{a000}'..'\u{ac00}', '\u{d7b0}'..'\u{e000}', '\u{f8ff}'..'\u{20000}'];
        some.into_iter().chain(['\u{2f800}'..'\u{2fa20}', '\u{e0000}'..'\u{e1000}']).flatten()
    }

    #[test]
    fn one_text_has_one_folding() {
        let check = |texts: &[&str], folded: &str| {
            texts.iter().for_each(|text| assert_eq!(fold(text), folded, "{text:?}"));
        };
        check(&["ΟΔΥΣΣΕΥΣ", "Οδυσσευς", "οδυσσευσ"], "οδυσσευσ");
        check(&["STRASSE", "straße", "STRAẞE"], "strasse");
        check(&["Ärger", "a\u{308}rger", "ÄRGER"], "ärger");
        check(&["ﬁ", "FI", "ｆｉ", "Ｆｉ"], "fi");
        check(
            &["an\u{200b}n", "\u{feff}ann", "ann\u{200e}", "a\u{ad}nn", "ann\u{fe0f}", "ANN\u{2060}", "a\u{202e}nn"],
            "ann",
        );
        check(&["ᾳ", "ΑΙ", "α\u{345}"], "αι");
        check(&["İ"], "i\u{307}");
        check(&["Ꭰ", "ꭰ"], "Ꭰ");
        check(&["\u{200b}", "", "\u{115f}"], "");
    }

    #[test]
    fn what_is_folded_stays_as_it_is() {
        for letter in every_letter() {
            for text in [format!("{letter}"), format!("a{letter}\u{345}\u{301}"), format!("\u{3a3}{letter}\u{200b}z")] {
                let folded = fold(&text);
                assert_eq!(fold(&folded), folded, "{text:?}");
                assert_eq!(folded.chars().find(|letter| INVISIBLE.contains(*letter)), None, "{text:?}");
            }
        }
    }

    #[test]
    fn a_search_takes_what_is_folded_and_leaves_out_the_accents() {
        let plain = |text: &str| {
            let mut plain = String::new();
            text.chars().for_each(|letter| add_plain(&mut plain, letter));
            plain
        };
        for letter in every_letter() {
            let text = letter.to_string();
            assert_eq!(plain(&text), plain(&fold(&text)), "{text:?}");
            assert_eq!(plain(&plain(&text)), plain(&text), "{text:?}");
        }
    }

    #[test]
    fn a_user_id_is_a_name_and_a_domain() {
        let check = |texts: &[&str], folded: &str| {
            texts.iter().for_each(|text| assert_eq!(user_id(text), folded, "{text:?}"));
        };
        check(&["Ann@Acme.Example", "ann@acme.example", "ａnn＠acme.example", "ann@acme。example"], "ann@acme.example");
        check(&["ΟΔΥΣΣΕΥΣ@x.example", "οδυσσευς@x.example"], "οδυσσευσ@x.example");
        check(
            &["ann@münchen.example", "ANN@XN--MNCHEN-3YA.example", "ann@MU\u{308}NCHEN.example"],
            "ann@münchen.example",
        );
        check(&[" ann\u{200b}@acme\u{ad}.example\u{feff}", "\u{200b} ann@acme.example"], "ann@acme.example");
        // UTS 46 folds the domain: these are two domains, which can have different owners.
        check(&["straße@straße.example"], "strasse@straße.example");
        check(&["ann@strasse.example"], "ann@strasse.example");
        // These are two domains, too, which differ in a joiner.
        check(&["ann@xn--mgba3gch31f060k.example"], "ann@نامه\u{200c}ای.example");
        check(&["ann@xn--mgba3gch31f.example"], "ann@نامهای.example");
        // A part after `@` that is no domain is folded like a name.
        check(&["Root@X_Y", "root@x_y"], "root@x_y");
        check(&["a@b@C.example"], "a@b@c.example");
        check(&["@Acme"], "@acme");
        check(&["ann@"], "ann@");
        check(&["Ann@xn--"], "ann@xn--");
        check(&["xn--mnchen-3ya", "XN--mnchen-3ya"], "xn--mnchen-3ya");
        check(&["\u{200b}\u{ad}", "", " \u{feff} "], "");
    }
}
