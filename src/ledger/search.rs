//! Looking for words in what people typed: upper and lower case alike, with and without accents.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use super::budget::Budget;

/// The text as it is compared: without accents, in lower case. `Ärger` and `arger` are the same; so are `Straße` and
/// `strasse`, `Søren` and `soren`.
#[must_use]
pub fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    fold_into(&mut folded, text);
    folded
}

fn fold_into(folded: &mut String, text: &str) {
    folded.clear();
    if text.is_ascii() {
        folded.push_str(text);
        return folded.make_ascii_lowercase();
    }
    for plain in text.nfkd().filter(|character| !is_combining_mark(*character)).flat_map(char::to_lowercase) {
        match base(plain) {
            Some(letters) => folded.push_str(letters),
            None => folded.push(plain),
        }
    }
}

/// Latin letters that Unicode does not take apart, in lower case.
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

/// What it costs to fold a byte that is not ASCII: Unicode's tables are looked into.
const FOLD: u32 = 20;

/// Looks for words, which are folded, in texts, each of which is folded once.
pub(super) struct Finder<'a> {
    words: &'a [String],
    folded: String,
}

impl<'a> Finder<'a> {
    /// At most 64 words; more are not looked for.
    pub fn new(words: &'a [String]) -> Self {
        Self { words, folded: String::new() }
    }

    /// Which words are in the text, a bit each, added to those that were found before and are not looked for again.
    pub fn find(&mut self, text: &str, found: u64, budget: &mut Budget) -> u64 {
        fold_into(&mut self.folded, text);
        budget.spend_each(self.folded.len(), if text.is_ascii() { 1 } else { FOLD });
        let mut all = found;
        for (at, word) in self.words.iter().take(64).enumerate() {
            if found & (1 << at) == 0 {
                budget.spend_each(self.folded.len(), 1);
                all |= u64::from(self.folded.contains(word.as_str())) << at;
            }
        }
        all
    }

    /// Whether one of the texts has the word; every text has the empty one.
    pub fn is_in(&mut self, texts: &[&str], budget: &mut Budget) -> bool {
        self.words.iter().all(String::is_empty) || texts.iter().any(|text| self.find(text, 0, budget) != 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_and_accents_make_no_difference() {
        let check = |text: &str, word: &str, found: bool| {
            let in_it = Finder::new(&[fold(word)]).find(text, 0, &mut Budget::default()) != 0;
            assert_eq!(in_it, found, "{word:?} in {text:?}");
        };
        check("Zoë Müller", "zoe", true);
        check("Zoë Müller", "MULLER", true);
        check("Zoe Muller", "Müller", true);
        check("Cafe\u{301}", "café", true);
        check("Straße", "STRASSE", true);
        check("Søren Łukasz", "soren", true);
        check("Søren Łukasz", "lukasz", true);
        check("Æther", "aether", true);
        check("ÅNGSTRÖM", "ångström", true);
        check("Ann", "ann", true);
        check("ann@acme.example", "ACME", true);
        check("ann", "anna", false);
        check("Ann Bell", "bell", true);
        check("", "a", false);
        check("", "", true);
        check("山田", "山", true);
    }
}
