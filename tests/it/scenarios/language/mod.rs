//! The language of the scenarios: small enough for a reader who does not program. Each line is one action, in the order
//! in which things happen; `#` starts a comment. After `->` comes the expected answer: commas separate facts,
//! semicolons separate the answers of a batch. A line without `->` must succeed. `verbs.rs` lists what a line can say,
//! and `answers/` has the answers.

mod licenses;
mod lists;
mod notifications;
mod policies;
pub mod sync;
pub mod verbs;

use std::collections::VecDeque;
use std::time::Duration;

use verbs::Verb;

/// One line of a scenario.
#[derive(Debug)]
pub struct Line {
    pub number: usize,
    pub text: String,
    pub verb: Verb,
    pub expected: Option<String>,
}

/// Parses a whole scenario.
///
/// # Errors
/// The first line that cannot be parsed, and the reason.
pub fn read(scenario: &str) -> Result<Vec<Line>, String> {
    let mut lines: Vec<Line> = Vec::new();
    for (index, raw) in scenario.lines().enumerate() {
        let text = raw.split('#').next().unwrap_or_default().trim();
        if text.is_empty() {
            continue;
        }
        let wrong = |why: String| format!("line {}: {text}\n  cannot be read: {why}", index + 1);
        if let Some(event) = text.strip_prefix("- ") {
            match lines.last_mut().map(|line| &mut line.verb) {
                Some(Verb::Audit(events)) => events.push(event.trim().to_owned()),
                _ => return Err(wrong("an event stands below a line `audit`".into())),
            }
            continue;
        }
        let (said, expected) = match text.split_once("->") {
            Some((said, expected)) => (said, Some(expected.trim().to_owned())),
            None => (text, None),
        };
        let verb = verbs::parse(&mut Words::of(said).map_err(wrong)?).map_err(wrong)?;
        if verb.reads() == expected.is_none() && verb.reads() {
            return Err(wrong("a question needs an answer behind `->`".into()));
        }
        lines.push(Line { number: index + 1, text: text.to_owned(), verb, expected });
    }
    Ok(lines)
}

/// The words of one line, taken from the front. A quoted text is one word, and so is a comma.
#[derive(Debug)]
pub struct Words(VecDeque<String>);

impl Words {
    pub fn of(text: &str) -> Result<Self, String> {
        let mut words = VecDeque::new();
        let mut rest = text.trim();
        while let Some(first) = rest.chars().next() {
            let (word, behind) = match first {
                '"' => rest[1..].split_once('"').ok_or("a quote is not closed")?,
                ',' => rest.split_at(1),
                _ => rest.split_at(rest.find([' ', ',']).unwrap_or(rest.len())),
            };
            words.push_back(word.to_owned());
            rest = behind.trim_start();
        }
        Ok(Self(words))
    }

    pub fn peek(&self) -> Option<&str> {
        self.0.front().map(String::as_str)
    }

    /// Takes the next word; `what` describes it in the error.
    pub fn next(&mut self, what: &str) -> Result<String, String> {
        self.0.pop_front().ok_or_else(|| format!("here the line ends, but {what} is missing"))
    }

    /// Takes the next word if it is this one; returns whether it did.
    pub fn eat(&mut self, word: &str) -> bool {
        let found = self.peek() == Some(word);
        if found {
            self.0.pop_front();
        }
        found
    }

    /// Takes this word, which must come next.
    pub fn expect(&mut self, word: &str) -> Result<(), String> {
        if self.eat(word) { Ok(()) } else { Err(format!("`{word}` is missing before {:?}", self.0)) }
    }

    /// Takes these words, which must come next.
    pub fn phrase(&mut self, words: &str) -> Result<(), String> {
        words.split(' ').try_for_each(|word| self.expect(word))
    }

    /// Takes at least one name, up to one of the words in `stops` or the end.
    pub fn names(&mut self, what: &str, stops: &[&str]) -> Result<Vec<String>, String> {
        let mut names = vec![self.next(what)?];
        while self.peek().is_some_and(|word| !stops.contains(&word)) {
            names.push(self.next(what)?);
        }
        Ok(names)
    }

    pub fn number(&mut self, what: &str) -> Result<u64, String> {
        let word = self.next(what)?;
        word.parse().map_err(|_| format!("{what}: `{word}` is not a number"))
    }

    /// Takes a duration: `1h 30m`, `59.999s`, `5ms`, `30d`, `0s`.
    pub fn duration(&mut self) -> Result<Duration, String> {
        let mut sum = part(&self.next("a length of time")?)?;
        while let Some(more) = self.peek().and_then(|word| part(word).ok()) {
            self.0.pop_front();
            sum += more;
        }
        Ok(sum)
    }

    /// Checks that no word is left.
    pub fn end(&self) -> Result<(), String> {
        if self.0.is_empty() { Ok(()) } else { Err(format!("nothing is known about {:?}", self.0)) }
    }
}

/// Units in milliseconds, the longest first.
const UNITS: [(&str, u64); 5] = [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)];

fn part(word: &str) -> Result<Duration, String> {
    let wrong = || format!("`{word}` is no length of time");
    let digits = word.find(|letter: char| !letter.is_ascii_digit() && letter != '.').ok_or_else(wrong)?;
    let (number, unit) = word.split_at(digits);
    let (_, size) = UNITS.into_iter().find(|(name, _)| *name == unit).ok_or_else(wrong)?;
    let (whole, thousandths) = number.split_once('.').unwrap_or((number, "0"));
    let whole: u64 = whole.parse().map_err(|_| wrong())?;
    // Only seconds have a fraction, in thousandths.
    let fraction: u64 = format!("{thousandths:0<3}").parse().map_err(|_| wrong())?;
    if thousandths.len() > 3 || (fraction > 0 && unit != "s") {
        return Err(wrong());
    }
    Ok(Duration::from_millis(whole * size + fraction))
}

/// Prints a duration as a scenario writes it: `1h 30m`.
pub fn length(duration: Duration) -> String {
    let mut left = u64::try_from(duration.as_millis()).expect("a length of time within reason");
    let mut parts = Vec::new();
    for (unit, size) in UNITS {
        let some = left / size;
        left %= size;
        if some > 0 {
            parts.push(format!("{some}{unit}"));
        }
    }
    if parts.is_empty() { "0s".into() } else { parts.join(" ") }
}
