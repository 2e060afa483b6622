//! Which text comes first: Unicode's collation with its root locale, as in a register of people of all countries. `Éclair`
//! stands before `Zoo`. Letters and accents count, and not their case; who sorts tells by an id apart what is alike.
//!
//! Texts are compared by their sort keys, made once for each. They are for this process and its page tokens: with another
//! version of Unicode they are others.

use icu_collator::options::{CollatorOptions, Strength};
use icu_collator::{CollationKeySink, CollatorBorrowed};

static ROOT: CollatorBorrowed<'static> = {
    let mut options = CollatorOptions::default();
    options.strength = Some(Strength::Secondary);
    CollatorBorrowed::new_root(options)
};

/// Texts that are alike for so long are alike. A page token holds a key (and some letters have long ones).
pub const MAX_KEY_BYTES: usize = 1_024;

/// Stands between the parts of a text that are to be compared one after the other: lower than any letter.
const BETWEEN: char = '\u{fffe}';

/// The family name decides, then the given name. Nothing of both: empty.
#[must_use]
pub fn person(family_name: &str, given_name: &str) -> String {
    match (family_name, given_name) {
        ("", "") => String::new(),
        _ => format!("{family_name}{BETWEEN}{given_name}"),
    }
}

/// By the bytes of these, texts are in order.
#[must_use]
pub fn key(text: &str) -> Vec<u8> {
    let mut key = Vec::with_capacity(2 * text.len() + 8);
    let Ok(()) = ROOT.write_sort_key_to(text, &mut key);
    key.truncate(MAX_KEY_BYTES);
    key
}

/// How a key begins, as a number: where two of them differ, they are in the order of their keys. It takes a look at a few
/// letters only.
#[must_use]
pub fn start(text: &str) -> u64 {
    let mut start = Start::default();
    // An error: it is known already.
    let _ = ROOT.write_sort_key_to(text, &mut start);
    u64::from_be_bytes(start.bytes)
}

/// Takes the first bytes of a key, and no more.
#[derive(Default)]
struct Start {
    bytes: [u8; 8],
    length: usize,
}

struct Known;

impl CollationKeySink for Start {
    type Error = Known;
    type State = ();
    type Output = ();

    fn write(&mut self, (): &mut (), bytes: &[u8]) -> Result<(), Known> {
        for byte in bytes {
            let place = self.bytes.get_mut(self.length).ok_or(Known)?;
            *place = *byte;
            self.length += 1;
        }
        Ok(())
    }

    fn finish(&mut self, (): ()) -> Result<(), Known> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(sorted: &[&str]) {
        for (at, lower) in sorted.iter().enumerate() {
            for higher in &sorted[at + 1..] {
                assert!(key(lower) < key(higher), "{lower:?} is not before {higher:?}");
                assert!(start(lower) <= start(higher), "{lower:?} does not begin before {higher:?}");
            }
        }
    }

    #[test]
    fn alphabetically() {
        check(&["", "Ängelholm", "Berlin", "berlín", "Éclair", "Zoo", "Zürich", "Ωmega", "Ярослав", "東京"]);
        check(&["ann", "Ánn", "Anna", "annex"]);
        assert_eq!(key("Éclair"), key("éCLAIR"));
        check(&["user-1", "user.1", "user1", "user10", "user2"]);
        check(&["a", "aa", "aaa", "aaaaaaaaaaaaaaaaaaaa", "aaaaaaaaaaaaaaaaaaaab", "b"]);
        assert_eq!(key("a\u{308}"), key("ä"));
        assert_eq!(key("a\u{200b}b"), key("ab"), "what shows nothing has no place");
    }

    #[test]
    fn people() {
        let people = [
            ("", ""),
            ("", "Zoë"),
            ("Bell", "Zoe"),
            ("Bell", "Zoe\u{301}"),
            ("Bell", "Zoë"),
            ("Belle", "Ann"),
            ("Éclair", "Ann"),
            ("Zoo", ""),
        ];
        let people = people.map(|(family, given)| person(family, given));
        check(&people.each_ref().map(String::as_str));
    }

    /// Where starts differ keys do, in the same direction; of letters of all kinds.
    #[test]
    fn a_start_agrees_with_its_key() {
        let letters: Vec<char> = (1..0x1_1000).step_by(7).filter_map(char::from_u32).collect();
        let texts = letters.windows(3).flat_map(|three| {
            let three = three.iter().collect::<String>();
            [three.clone(), format!("a{three}"), format!("{three}{three}")]
        });
        let mut texts: Vec<(u64, Vec<u8>)> = texts.map(|text| (start(&text), key(&text))).collect();
        texts.sort();
        assert!(texts.is_sorted_by(|a, b| a.1 <= b.1));
    }

    #[test]
    fn a_key_is_not_long() {
        assert!(key(&"\u{fdfa}".repeat(200)).len() <= MAX_KEY_BYTES);
    }
}
