//! Order of texts: Unicode's collation with its root locale, which suits names of all countries. `Éclair` sorts before
//! `Zoo`. Letters and accents count, case does not; callers sort equal texts by an id.
//!
//! Texts are compared by their sort keys, computed once for each text. A key is valid only in this process and in its
//! page tokens, because another version of Unicode computes other keys.

use icu_collator::options::{CollatorOptions, Strength};
use icu_collator::{CollationKeySink, CollatorBorrowed};

static ROOT: CollatorBorrowed<'static> = {
    let mut options = CollatorOptions::default();
    options.strength = Some(Strength::Secondary);
    CollatorBorrowed::new_root(options)
};

/// Longest sort key in bytes: texts whose keys are equal so far count as equal. A page token contains a key, and some
/// letters have long ones.
pub const MAX_KEY_BYTES: usize = 1_024;

/// Separates the parts of a text that are compared one after the other. It sorts before every letter.
const BETWEEN: char = '\u{fffe}';

/// The name of a person in sort order: family name, then given name. Empty if both are empty.
#[must_use]
pub fn person(family_name: &str, given_name: &str) -> String {
    match (family_name, given_name) {
        ("", "") => String::new(),
        _ => format!("{family_name}{BETWEEN}{given_name}"),
    }
}

/// The sort key of a text: texts are in the order of the bytes of their keys.
#[must_use]
pub fn key(text: &str) -> Vec<u8> {
    let mut key = Vec::with_capacity(2 * text.len() + 8);
    let Ok(()) = ROOT.write_sort_key_to(text, &mut key);
    key.truncate(MAX_KEY_BYTES);
    key
}

/// The first 8 bytes of a sort key as a number. If two of these differ, they are in the order of the keys. Computing it
/// reads only a few letters.
#[must_use]
pub fn start(text: &str) -> u64 {
    let mut start = Start::default();
    // The only error is that 8 bytes are complete.
    let _ = ROOT.write_sort_key_to(text, &mut start);
    u64::from_be_bytes(start.bytes)
}

/// Collects the first 8 bytes of a key, then stops the computation.
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
            let next = self.bytes.get_mut(self.length).ok_or(Known)?;
            *next = *byte;
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

    /// If the starts of two keys differ, the keys differ in the same direction, for all kinds of letters.
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
