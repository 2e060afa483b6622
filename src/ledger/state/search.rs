//! Searches words in texts, regardless of case and accents.

use std::sync::LazyLock;

use memchr::memmem;

use super::budget::Budget;
use crate::unicode::fold::add_plain;

/// Folds a text for comparison: as ids are folded, and without accents. `Ärger` equals `arger`, `Straße` equals
/// `strasse`, and `Søren` equals `soren`.
#[must_use]
pub fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    fold_onto(&mut folded, text);
    folded
}

/// Appends the folded text to `folded`. Returns the cost, in units of [`Budget`].
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

/// Number of bytes before the first that is not ASCII; eight are checked at once.
fn ascii_prefix(bytes: &[u8]) -> usize {
    let (eights, _) = bytes.as_chunks::<8>();
    let ascii = |eight: &&[u8; 8]| u64::from_ne_bytes(**eight) & 0x8080_8080_8080_8080 == 0;
    let whole = 8 * eights.iter().take_while(ascii).count();
    whole + bytes[whole..].iter().take_while(|byte| byte.is_ascii()).count()
}

/// Folded letters of most names that are not ASCII: with them two hundred thousand names are searched in a few
/// milliseconds.
static KNOWN: LazyLock<Box<[Box<str>]>> = LazyLock::new(|| {
    let letters = (KNOWN_FROM as u32..KNOWN_UNTIL).filter_map(char::from_u32);
    let fold = |letter| {
        let mut folded = String::new();
        add_plain(&mut folded, letter);
        folded.into()
    };
    letters.map(fold).collect()
});
/// First code point that is not ASCII.
const KNOWN_FROM: usize = 0x80;
/// End of Latin, combining accents, Greek, Cyrillic, Armenian, Hebrew and Arabic.
const KNOWN_UNTIL: u32 = 0x700;

/// Cost of beginning a search for one word, and bytes of text that are searched for one unit.
const WORD_COST: usize = 15;
const BYTES_PER_UNIT: usize = 4;
/// Bytes of a row's texts that are searched together: beginning a search costs more than searching a name.
const CHUNK_BYTES: usize = 512;
/// Separator of two texts, which no word can contain, so that no word is found across two texts.
const BETWEEN: char = '\0';

/// Searches folded words in the texts of rows. Each text is folded once.
pub(in crate::ledger) struct Finder<'a> {
    words: Vec<memmem::Finder<'a>>,
    /// Texts that were added since the last search.
    folded: String,
}

impl<'a> Finder<'a> {
    /// Takes at most 64 words and ignores others.
    pub fn new(words: &'a [String]) -> Self {
        Self { words: words.iter().take(64).map(memmem::Finder::new).collect(), folded: String::new() }
    }

    /// Adds a text for the next search.
    pub fn add(&mut self, text: &str, budget: &mut Budget) {
        budget.spend_each(fold_onto(&mut self.folded, text), 1);
        self.folded.push(BETWEEN);
    }

    /// True if a search is due before another text is added: this bounds the memory, and the cost of a search.
    pub fn is_full(&self) -> bool {
        self.folded.len() >= CHUNK_BYTES
    }

    /// Searches the added texts, and forgets them. Returns a bit for each word that is found, now or, by `found`,
    /// before; words found before are not searched again.
    pub fn search(&mut self, found: u64, budget: &mut Budget) -> u64 {
        let mut all = found;
        for (at, word) in self.words.iter().enumerate() {
            if found & (1 << at) == 0 {
                budget.spend_each(WORD_COST + self.folded.len() / BYTES_PER_UNIT, 1);
                all |= u64::from(word.find(self.folded.as_bytes()).is_some()) << at;
            }
        }
        self.folded.clear();
        all
    }

    /// True if one of the texts contains the word; every text contains the empty word.
    pub fn is_in(&mut self, texts: &[&str], budget: &mut Budget) -> bool {
        if self.words.iter().all(|word| word.needle().is_empty()) {
            return true;
        }
        texts.iter().for_each(|text| self.add(text, budget));
        self.search(0, budget) != 0
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
