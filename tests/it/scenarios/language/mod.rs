//! The language of the scenarios: small enough for a reader who does not program. Each line is one step, in the order in
//! which things happen; `#` starts a comment. After `->` comes the expected answer: commas separate facts, semicolons
//! separate the answers of a batch, and `3 times yes` stands for three of them. A line without `->` must succeed. A
//! list with more to tell than names has a row for each item below its line, behind `- `. `answers/` has the answers.
//!
//! This table is the whole language:
//!
//! ```text
//! pool primary concurrent 2 [overdraft 1] [from 1d] [until 30d]    a license of its own for one pool, with the next
//!     revision; a license that names several gives overdraft likewise
//! pool crm named unlimited | pool crm deleted
//! license gold revision 2 gives primary concurrent 2, crm named 3 [tier gold] [features A B] [limits C 5 D unlimited]
//!     [hosts a b] [customer 42] [to "Acme"] [issued 1h] [document "x"] [from 1d] [until 30d]; it may give nothing
//! license gold deleted | licenses deleted
//! license gold | list licenses | information | entitlements
//! policy lease_ttl 10m                                    one field of the tenant's policy
//! organization north ["North Sea"] | renamed "Zeta" | deleted
//! user ann [administrator] [seats primary crm]            creates
//! user ann blocked [ending sessions] | unblocked | deleted | renamed anna
//! user ann named "Ann" "Archer" | groups a b | administrator yes | administrator no
//! grant primary crm to ann bob [at north south]           `p1..p40` are forty users
//! revoke primary from ann [at north] [ending sessions]
//! ann signs in to primary [or extra] on laptop [at north] [as first]  the session is called ann/laptop, or as it is said
//! ann could sign in to primary on laptop [at north]       the same question without taking a seat (R20)
//! heartbeat ann/laptop [active], bob/phone
//! checkin ann/laptop
//! close ann/laptop [forced] [by root] [from root/desk]
//! close idle [in primary] [by root]
//! after 59m 59.999s                                       nothing else happens in that time
//! sweep                                                   the regular work
//! usage [primary] | pools | show ann [at north]
//! sessions [filters as below]                             the sessions, a row for each below the line
//! list sessions [in primary] [of ann] [at north] [on laptop] [idle 5m] [Active Away Idle] [by activity] [descending]
//!     [pages of 2] [first 2]
//! list users [words "ann cid"] [any] [blocked] [unblocked] [Idle blank] [administrators] [others] [never] [group a]
//!     [id "an"] [called "ann a"] [cause limit] [by name]
//! list organizations [text "or"] [by id] [descending] | more
//! tenant globex | suspended | resumed | deleted ; in globex
//! ```
//! Organizations are named behind `at`. `if version 3` stands behind an update that must not lose another one.
//!
//! Only the ledger carries out these, and those of directory syncs in `sync.rs`:
//!
//! ```text
//! clock back 2d | clock ahead 2d                          the wall clock jumps, time itself does not
//! restart | crash                                         a stop that writes everything; one that does not
//! notification exceeded/primary | list notifications [pending sending done dead] | due by email | due by webhook
//! send exceeded/primary by email answered | failed "why" | refused "why" | lost ; redeliver exceeded/primary
//! license gold revoked [up to 2] [for "theft"] | list tenants [text "ac"] [active] [suspended]
//! actor root ; server demo_seats 0 | server channels email webhook
//! audit                                                   the events since the last time, a row for each
//! ```
//!
//! Only a running server carries out `directory lists …`, a whole directory sync; see `sync.rs`.

mod licenses;
mod lists;
mod notifications;
mod policies;
pub mod steps;
pub mod sync;
mod verbs;

use std::collections::VecDeque;
use std::time::Duration;

use steps::Verb;

/// One line of a scenario.
#[derive(Debug)]
pub struct Line {
    pub number: usize,
    pub text: String,
    pub verb: Verb,
    pub expected: Option<String>,
    /// The expected rows, for a verb that has some.
    pub rows: Vec<String>,
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
        if let Some(row) = text.strip_prefix("- ") {
            match lines.last_mut() {
                Some(line) if line.verb.has_rows() => line.rows.push(row.trim().to_owned()),
                _ => return Err(wrong("rows stand below `audit`, `sessions` and `directory`".into())),
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
        if verb.has_rows() && expected.is_some() {
            return Err(wrong("the answer stands in rows below, each behind `- `".into()));
        }
        lines.push(Line { number: index + 1, text: text.to_owned(), verb, expected, rows: Vec::new() });
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
