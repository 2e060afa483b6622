//! Looking for words in what people typed: upper and lower case alike, with and without accents.

use std::sync::LazyLock;

use memchr::memmem;

use super::budget::Budget;
use crate::unicode::fold::add_plain;

/// The text as it is compared: folded as ids are, and without accents. `Ärger` and `arger` are the same; so are `Straße` and
/// `strasse`, `Søren` and `soren`.
#[must_use]
pub fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    fold_onto(&mut folded, text);
    folded
}

/// Puts the folded text behind what `folded` holds. Answers what that cost, in units of [`Budget`].
fn fold_onto(folded: &mut String, text: &str) -> usize {
    let mut cost = text.len();
    let mut rest = text;
    loop {
        let plain = ascii_prefix(rest.as_bytes());
        let begin = folded.len();
        folded.push_str(&rest[..plain]);
        folded[begin..].make_ascii_lowercase();
        let mut letters = rest[plain..].chars();
        let Some(letter) = letters.next() else { return cost };
        if let Some(known) = KNOWN.get(letter as usize - KNOWN_FROM) {
            folded.push_str(known);
            cost += 4;
        } else {
            add_plain(folded, letter);
            cost += 60;
        }
        rest = letters.as_str();
    }
}

/// How many bytes are ASCII before the first that is not; eight are looked at together.
fn ascii_prefix(bytes: &[u8]) -> usize {
    let (eights, _) = bytes.as_chunks::<8>();
    let ascii = |eight: &&[u8; 8]| u64::from_ne_bytes(**eight) & 0x8080_8080_8080_8080 == 0;
    let whole = 8 * eights.iter().take_while(ascii).count();
    whole + bytes[whole..].iter().take_while(|byte| byte.is_ascii()).count()
}

/// The letters of most names that are not of ASCII, folded: two hundred thousand names are searched in a few milliseconds.
static KNOWN: LazyLock<Box<[Box<str>]>> = LazyLock::new(|| {
    let letters = (KNOWN_FROM as u32..KNOWN_UNTIL).filter_map(char::from_u32);
    let fold = |letter| {
        let mut folded = String::new();
        add_plain(&mut folded, letter);
        folded.into()
    };
    letters.map(fold).collect()
});
/// The first one that is not ASCII.
const KNOWN_FROM: usize = 0x80;
/// Behind Latin, combining accents, Greek, Cyrillic, Armenian, Hebrew and Arabic.
const KNOWN_UNTIL: u32 = 0x700;

/// To begin to look for a word, and bytes of a text that are passed over for one.
const LOOK_FOR: usize = 15;
const PASSED_OVER: usize = 4;
/// Bytes of a row's texts that are looked through together: to begin costs more than to pass over a name.
const TOGETHER: usize = 512;
/// Between two texts, so that no word is found half in one and half in the next: nobody can ask for it.
const BETWEEN: char = '\0';

/// Looks for words, which are folded, in the texts of rows. Each text is folded once.
pub(super) struct Finder<'a> {
    words: Vec<memmem::Finder<'a>>,
    /// The texts that were added since the last look.
    folded: String,
}

impl<'a> Finder<'a> {
    /// At most 64 words; more are not looked for.
    pub fn new(words: &'a [String]) -> Self {
        Self { words: words.iter().take(64).map(memmem::Finder::new).collect(), folded: String::new() }
    }

    /// One more text for the next look.
    pub fn add(&mut self, text: &str, budget: &mut Budget) {
        budget.spend_each(fold_onto(&mut self.folded, text), 1);
        self.folded.push(BETWEEN);
    }

    /// Whether a look is due before another text is added: what is held, and what one look costs, have a bound.
    pub fn is_full(&self) -> bool {
        self.folded.len() >= TOGETHER
    }

    /// Which words are in the texts that were added, a bit each, with those that were found before and are not looked for
    /// again. The texts are forgotten.
    pub fn look(&mut self, found: u64, budget: &mut Budget) -> u64 {
        let mut all = found;
        for (at, word) in self.words.iter().enumerate() {
            if found & (1 << at) == 0 {
                budget.spend_each(LOOK_FOR + self.folded.len() / PASSED_OVER, 1);
                all |= u64::from(word.find(self.folded.as_bytes()).is_some()) << at;
            }
        }
        self.folded.clear();
        all
    }

    /// Whether one of the texts has the word; every text has the empty one.
    pub fn is_in(&mut self, texts: &[&str], budget: &mut Budget) -> bool {
        if self.words.iter().all(|word| word.needle().is_empty()) {
            return true;
        }
        texts.iter().for_each(|text| self.add(text, budget));
        self.look(0, budget) != 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_folded_letter_by_letter_as_it_would_be_as_a_whole() {
        let whole = |text: &str| {
            let mut whole = String::new();
            crate::unicode::fold::fold(text).chars().for_each(|letter| add_plain(&mut whole, letter));
            whole
        };
        for text in [
            "Müller-345",
            "e\u{323}\u{301}",
            "ὈΔΥΣΣΕΎΣ",
            "ᾳ",
            "한글 テスト ﬁ ½ Ǆ İ",
            "Ł\u{300}\u{323}ódź",
            "a\u{200b}n",
        ] {
            assert_eq!(fold(text), whole(text), "{text}");
        }
        let every: String = (0x80..0x3000).filter_map(char::from_u32).collect();
        assert_eq!(fold(&every), whole(&every));
        for plain in 0..20 {
            let text = "N".repeat(plain) + "é" + &"N".repeat(20 - plain);
            assert_eq!(fold(&text), whole(&text), "{text}");
        }
    }

    #[test]
    fn every_spelling_of_a_user_id_finds_it() {
        for text in ["ΟΔΥΣΣΕΥΣ@x.example", "Οδυσσευς@x.example", "οδυσσευσ", "straße@x", "an\u{200b}n@x", "ᾳ@x", "ﬁn@x"]
        {
            let id = crate::ids::UserId::parse(text).unwrap();
            assert!(fold(id.as_str()).contains(&fold(text)), "{text:?}");
        }
    }

    #[test]
    fn case_and_accents_make_no_difference() {
        let check = |text: &str, word: &str, found: bool| {
            let in_it = Finder::new(&[fold(word)]).is_in(&[text], &mut Budget::default());
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
        check("Οδυσσεύς", "ΟΔΥΣΣΕΥΣ", true);
        check("ΟΔΥΣΣΕΎΣ", "οδυσσευς", true);
        check("οδυσσεύσ", "Οδυσσευς", true);
        check("Jo\u{ad}hann", "johann", true);
        check("Ann", "ann", true);
        check("ann@acme.example", "ACME", true);
        check("ann", "anna", false);
        check("Ann Bell", "bell", true);
        check("", "a", false);
        check("", "", true);
        check("山田", "山", true);
    }

    #[test]
    fn a_word_is_found_in_one_text_and_not_across_two() {
        let check = |word: &str, found: bool| {
            let in_it = Finder::new(&[fold(word)]).is_in(&["ann", "Bell"], &mut Budget::default());
            assert_eq!(in_it, found, "{word:?}");
        };
        check("bel", true);
        check("annb", false);
        check("nb", false);
    }
}
