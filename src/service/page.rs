//! Opaque tokens that say where a page, or a watcher, goes on.
//!
//! A token is base64url of: a version byte, a checksum, and the cursor. The checksum covers the cursor and the
//! request's shape (the call, the tenant, the filters and the order), so a token is refused in any other
//! request. It guards against mistakes, not against an attacker: a forged token shows nothing that its request
//! could not list anyway.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use prost::Message;

use crate::ledger::command::Cursor;

const VERSION: u8 = 1;
const CHECKSUM: std::ops::Range<usize> = 1..9;
const WHEN: std::ops::Range<usize> = 9..17;
const NAME_BYTES: std::ops::Range<usize> = 17..21;
/// Bounds the work on a token that cannot be ours: names and ids are a few hundred bytes long.
const MAX_TOKEN_BYTES: usize = 8_192;

/// What a token belongs to: a call with its tenant, filters and order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shape(u64);

impl Shape {
    /// `request`: without page size and token, which may differ from page to page.
    pub fn of(call: &str, request: &impl Message) -> Self {
        Shape(fnv(fnv(OFFSET, call.as_bytes()), &request.encode_to_vec()))
    }

    /// The token for `cursor`.
    pub fn token(self, cursor: &Cursor) -> String {
        let mut bytes = Vec::with_capacity(NAME_BYTES.end + cursor.name.len() + cursor.id.len());
        bytes.push(VERSION);
        bytes.extend([0; CHECKSUM.end - CHECKSUM.start]);
        bytes.extend(cursor.when.to_be_bytes());
        // Names are a few hundred bytes long.
        bytes.extend((cursor.name.len() as u32).to_be_bytes());
        bytes.extend(cursor.name.as_bytes());
        bytes.extend(cursor.id.as_bytes());
        let checksum = fnv(self.0, &bytes[CHECKSUM.end..]);
        bytes[CHECKSUM].copy_from_slice(&checksum.to_be_bytes());
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// The cursor in a token of this shape; `None` for any other text.
    pub fn cursor(self, token: &str) -> Option<Cursor> {
        if token.len() > MAX_TOKEN_BYTES {
            return None;
        }
        let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
        if bytes.first() != Some(&VERSION) {
            return None;
        }
        let checksum = u64::from_be_bytes(bytes.get(CHECKSUM)?.try_into().ok()?);
        if checksum != fnv(self.0, &bytes[CHECKSUM.end..]) {
            return None;
        }
        let when = u64::from_be_bytes(bytes.get(WHEN)?.try_into().ok()?);
        let name_bytes = u32::from_be_bytes(bytes.get(NAME_BYTES)?.try_into().ok()?);
        let (name, id) = bytes[NAME_BYTES.end..].split_at_checked(usize::try_from(name_bytes).ok()?)?;
        let text = |bytes: &[u8]| std::str::from_utf8(bytes).ok().map(str::to_owned);
        Some(Cursor { when, name: text(name)?, id: text(id)? })
    }
}

/// FNV-1a, written out: tokens must mean the same after an update of the compiler.
const OFFSET: u64 = 0xcbf2_9ce4_8422_2325;

fn fnv(start: u64, bytes: &[u8]) -> u64 {
    bytes.iter().fold(start, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proto::v1::ListUsersRequest;

    fn shape(tenant_id: &str, text: &str) -> Shape {
        let request =
            ListUsersRequest { tenant_id: tenant_id.to_owned(), text: text.to_owned(), ..ListUsersRequest::default() };
        Shape::of("ListUsers", &request)
    }

    #[test]
    fn a_token_brings_its_cursor_back() {
        for (when, name, id) in [(0, "", ""), (u64::MAX, "", "ann@a.example"), (7, "Ärger, Ann", "ann"), (1, "x", "")]
        {
            let cursor = Cursor { when, name: name.to_owned(), id: id.to_owned() };
            let token = shape("acme", "ann").token(&cursor);
            assert!(token.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_'), "{token}");
            assert_eq!(shape("acme", "ann").cursor(&token), Some(cursor));
        }
    }

    #[test]
    fn a_token_of_another_request_is_refused() {
        let token = shape("acme", "ann").token(&Cursor::default());
        assert_eq!(shape("acme", "bob").cursor(&token), None, "other filter");
        assert_eq!(shape("other", "ann").cursor(&token), None, "other tenant");
        let request = ListUsersRequest { tenant_id: "acme".into(), text: "ann".into(), ..ListUsersRequest::default() };
        assert_eq!(Shape::of("ListOrganizations", &request).cursor(&token), None, "other call");
    }

    #[test]
    fn a_token_with_any_byte_changed_or_cut_is_refused() {
        let shape = shape("acme", "");
        let token = shape.token(&Cursor { when: 5, name: "Bell".into(), id: "ann".into() });
        let bytes = URL_SAFE_NO_PAD.decode(&token).unwrap();
        for at in 0..bytes.len() {
            for bit in 0..8 {
                let mut other = bytes.clone();
                other[at] ^= 1 << bit;
                assert_eq!(shape.cursor(&URL_SAFE_NO_PAD.encode(&other)), None, "byte {at}, bit {bit}");
            }
            assert_eq!(shape.cursor(&URL_SAFE_NO_PAD.encode(&bytes[..at])), None, "cut to {at} bytes");
        }
        for text in ["nonsense", "=", "\u{e4}", &"A".repeat(MAX_TOKEN_BYTES + 1)] {
            assert_eq!(shape.cursor(text), None);
        }
    }
}
