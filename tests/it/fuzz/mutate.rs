//! Makes random cases from seeds: changes, cuts, doubles and combines bytes.

use crate::model::rng::Rng;

/// Longest case: the mistakes that long cases find are found by short ones, and sooner.
const MAX_BYTES: usize = 4_096;

/// Bytes that parsers treat specially: limits of ranges, lengths, tags, and parts of the languages that are parsed
/// here.
const TOKENS: [&[u8]; 32] = [
    b"\0",
    b"\x7f",
    b"\x80",
    b"\xff",
    b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",
    b"\xff\xff\xff\xff\x0f",
    b"\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01",
    b"\x7f\xff\xff\xff\xff\xff\xff\xff",
    b"\xc3\x28",
    b"\xed\xa0\x80",
    b"\xef\xbb\xbf",
    "\u{130}\u{3a3}\u{fb03}".as_bytes(),
    "\u{202e}\u{200b}\u{feff}".as_bytes(),
    b" ",
    b"\n",
    b"\"",
    b"\\u0000",
    b"\\",
    b"{",
    b"}",
    b"[",
    b"]",
    b",",
    b":",
    b"null",
    b"-1",
    b"18446744073709551616",
    b"1e999",
    b"%00",
    b"@",
    b"/",
    b"acme",
];

/// Returns a case: a seed with one to eight changes.
pub fn mutated(rng: &mut Rng, seeds: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = rng.pick(seeds).clone();
    for _ in 0..=rng.below(8) {
        change(rng, &mut bytes, seeds);
    }
    bytes.truncate(MAX_BYTES);
    bytes
}

fn change(rng: &mut Rng, bytes: &mut Vec<u8>, seeds: &[Vec<u8>]) {
    let (start, end) = range(rng, bytes.len());
    match rng.below(8) {
        0 if start < bytes.len() => bytes[start] ^= 1 << rng.below(8),
        1 if start < bytes.len() => bytes[start] = rng.below(256) as u8,
        2 => drop(bytes.drain(start..end)),
        3 => bytes.truncate(start),
        4 => {
            let again = bytes[start..end].repeat(1 + rng.below(4) as usize);
            bytes.splice(start..start, again).for_each(drop);
        }
        5 => {
            let other = rng.pick(seeds);
            let (from, to) = range(rng, other.len());
            bytes.splice(start..end, other[from..to].iter().copied()).for_each(drop);
        }
        6 => {
            let digits = rng.next().to_string().into_bytes();
            bytes.splice(start..end, digits).for_each(drop);
        }
        _ => {
            let token = rng.pick(&TOKENS).iter().copied();
            bytes.splice(start..start, token).for_each(drop);
        }
    }
}

/// Returns a random range within `length`; most ranges are short.
fn range(rng: &mut Rng, length: usize) -> (usize, usize) {
    let start = rng.below(length as u64 + 1) as usize;
    let longest = if rng.percent(80) { 8 } else { length as u64 };
    (start, (start + rng.below(longest + 1) as usize).min(length))
}
