//! A license as it comes out of a mail or a chat: wrapped, quoted, with text around it, with white space and dashes of
//! other kinds. What is found is checked like any other document: this file decides what is read, never what is true.

use std::borrow::Cow;
use std::ops::Range;

use crate::json::Wrong;

/// Between dashes, before and behind a license in mail.
pub const BEGIN: &str = "BEGIN USHER LICENSE";
pub const END: &str = "END USHER LICENSE";

/// How each header begins: `{"` in base64url.
const HEADER: &str = "eyJ";
/// The longest header; one of ours has 127 signs.
const MAX_HEADER_BYTES: usize = 256;
/// A signature with Ed25519 has 64 bytes: so one sees where a license ends, whatever stands behind it.
const SIGNATURE: usize = 86;

/// The only license in the text, by its three parts; a license that stands there twice is one. `is_ours` looks at what
/// seems to be a header.
///
/// # Errors
/// There is none that can be told from what is around it, or there are several.
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

/// The license that begins here, and where it ends.
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
    // A longer one is another algorithm's, or has run into a word, or is written in another base64.
    let goes_on = text[end..].starts_with(|c: char| c.is_ascii_alphanumeric() || "_=+/".contains(c));
    let whole = signature.len() == SIGNATURE && !goes_on;
    whole.then(|| (format!("{header}.{payload}.{signature}"), end))
}

/// At most so many signs of base64url from here on, over white space.
fn part(text: &str, start: usize, most: usize) -> Option<Range<usize>> {
    let (mut end, mut signs) = (start, 0);
    for (at, c) in text[start..].char_indices() {
        if is_sign(c) && signs < most {
            (end, signs) = (start + at + 1, signs + 1);
        } else if !c.is_ascii_whitespace() || signs == most {
            break;
        }
    }
    (signs > 0).then_some(start..end)
}

fn is_sign(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '-' || c == '_'
}

/// Behind the dot that is next, over white space.
fn after_dot(text: &str, at: usize) -> Option<usize> {
    let rest = text[at..].trim_ascii_start();
    rest.starts_with('.').then(|| text.len() - rest.len() + 1)
}

fn joined(part: &str) -> String {
    part.chars().filter(|c| !c.is_ascii_whitespace()).collect()
}

/// The text without what programs put in: marks of quotations, white space of other kinds, what cannot be seen, and
/// typographers' dashes. The lines of an armor, with as many dashes as are left of them, become white space: a dash is
/// a sign of base64url, too.
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
        // Hyphens that do not break, and minus signs.
        '\u{2010}' | '\u{2011}' | '\u{2212}' | '\u{fe63}' | '\u{ff0d}' => text.push('-'),
        // What two become; where it was something else, the signature does not fit.
        '\u{2014}' => text.push_str("--"),
        _ if c.is_whitespace() => text.push(' '),
        _ => text.push(c),
    }
}

/// Marks of the byte order and of the direction, and what says where a word may be broken.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}
