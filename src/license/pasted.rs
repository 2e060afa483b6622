//! Finds a license in text from a mail or a chat: wrapped, quoted, surrounded by other text, with other kinds of white
//! space and dashes. The result is verified like any other document: this file decides which bytes are read, and trusts
//! none of them.

use std::borrow::Cow;
use std::ops::Range;

use crate::json::Wrong;

/// Marker lines around a license in mail; dashes are put around these texts.
pub const BEGIN: &str = "BEGIN USHER LICENSE";
pub const END: &str = "END USHER LICENSE";

/// Beginning of every header: `{"` in base64url.
const HEADER: &str = "eyJ";
/// Longest header in characters; one that Usher writes has 127.
const MAX_HEADER_BYTES: usize = 256;
/// Characters of an Ed25519 signature of 64 bytes. The fixed length shows where a license ends, whatever follows.
const SIGNATURE: usize = 86;

/// Returns the only license in the text, in its compact form; two copies of one license count as one. `is_ours` judges
/// candidates for a header.
///
/// # Errors
/// The text contains no license that can be separated from its surroundings, or several.
pub fn find(text: &str, is_ours: impl Fn(&str) -> bool) -> Result<String, Wrong> {
    let text = plain(text);
    let mut found: Option<String> = None;
    let mut at = 0;
    while let Some(start) = text[at..].find(HEADER).map(|offset| at + offset) {
        let Some((license, end)) = license(&text, start, &is_ours) else {
            at = start + HEADER.len();
            continue;
        };
        if found.as_ref().is_some_and(|found| *found != license) {
            return Err(Wrong::whole("holds several licenses; install one after the other"));
        }
        (found, at) = (Some(license), end);
    }
    found.ok_or_else(|| {
        Wrong::whole(format!("has no whole license in it; one is all from -----{BEGIN}----- to -----{END}-----"))
    })
}

/// The license that begins at `start`, and its end.
fn license(text: &str, start: usize, is_ours: &impl Fn(&str) -> bool) -> Option<(String, usize)> {
    let header = part(text, start, MAX_HEADER_BYTES)?;
    let behind = after_dot(text, header.end)?;
    let header = joined(&text[header]);
    if !is_ours(&header) {
        return None;
    }
    let payload = part(text, behind, text.len())?;
    let signature = part(text, after_dot(text, payload.end)?, SIGNATURE)?;
    let end = signature.end;
    let [payload, signature] = [payload, signature].map(|part| joined(&text[part]));
    // A longer one belongs to another algorithm, or runs into a word, or is in another kind of base64.
    let goes_on = text[end..].starts_with(|c: char| c.is_ascii_alphanumeric() || "_=+/".contains(c));
    let whole = signature.len() == SIGNATURE && !goes_on;
    whole.then(|| (format!("{header}.{payload}.{signature}"), end))
}

/// The next part of a document: at most `max` characters of base64url, and white space between them.
fn part(text: &str, start: usize, max: usize) -> Option<Range<usize>> {
    let (mut end, mut signs) = (start, 0);
    for (at, c) in text[start..].char_indices() {
        if is_sign(c) && signs < max {
            (end, signs) = (start + at + 1, signs + 1);
        } else if !c.is_ascii_whitespace() || signs == max {
            break;
        }
    }
    (signs > 0).then_some(start..end)
}

fn is_sign(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '-' || c == '_'
}

/// The position after the next dot, if only white space is before it.
fn after_dot(text: &str, at: usize) -> Option<usize> {
    let rest = text[at..].trim_ascii_start();
    rest.starts_with('.').then(|| text.len() - rest.len() + 1)
}

fn joined(part: &str) -> String {
    part.chars().filter(|c| !c.is_ascii_whitespace()).collect()
}

/// Removes what programs insert: quote markers at the beginning of lines, other kinds of white space, invisible
/// characters, typographic dashes. The marker lines of an armor, with all dashes that are left around them, become
/// white space, because a dash is also a character of base64url.
fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for line in text.lines() {
        line.trim_start_matches(|c: char| c == '>' || c == '|' || c.is_whitespace() || is_invisible(c))
            .chars()
            .filter(|c| !is_invisible(*c))
            .for_each(|c| push(&mut plain, c));
        plain.push('\n');
    }
    let mut text = Cow::Borrowed(plain.as_str());
    for mark in [BEGIN, END] {
        if text.contains(mark) {
            let around: Vec<&str> = text.split(mark).map(|part| part.trim_matches('-')).collect();
            text = Cow::Owned(around.join("\n"));
        }
    }
    text.into_owned()
}

fn push(text: &mut String, c: char) {
    match c {
        // Non-breaking hyphens and minus signs.
        '\u{2010}' | '\u{2011}' | '\u{2212}' | '\u{fe63}' | '\u{ff0d}' => text.push('-'),
        // Programs replace two hyphens by this dash. If it was something else, the signature is invalid.
        '\u{2014}' => text.push_str("--"),
        _ if c.is_whitespace() => text.push(' '),
        _ => text.push(c),
    }
}

/// Byte order marks, direction marks, and marks of possible line breaks.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}
