//! Opaque tokens that say where a page, or a watch, continues.
//!
//! A token is base64url of a version byte, a MAC, and the cursor, whose number is encoded with a fresh salt. The keys
//! of MAC and encoding are derived from the installation's secret and the shape of the request (the method, the tenant,
//! the filters and the order), so that a token is refused in any other request, and only the server can make one. Event
//! numbers of a shard are shared by all its tenants; nobody can tell whether two tokens stand for the same position, so
//! that a watcher who connects repeatedly learns nothing about the activity of other tenants (R1, decision 32). Names
//! and ids in a token are those of the row that the caller has just seen.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use prost::Message;

use crate::ids::random_seed;
use crate::ledger::command::Cursor;
use crate::opaque_id::{IdCodec, Mac, OpaqueIds, Purpose};

const VERSION: u8 = 3;
const MAC: std::ops::Range<usize> = 1..1 + Mac::BYTES;
const WHEN: std::ops::Range<usize> = MAC.end..MAC.end + 16;
const NAME_BYTES: std::ops::Range<usize> = WHEN.end..WHEN.end + 4;
/// Bounds the work on a token that is not valid: sort keys and ids are a few hundred bytes long.
const MAX_TOKEN_BYTES: usize = 8_192;

/// The request that a token belongs to: a method with its tenant, filters and order.
#[derive(Debug, Clone)]
pub struct Shape {
    codec: IdCodec,
    mac: Mac,
}

impl Shape {
    /// Returns the shape of a request. `request` must be without page size and token, which may differ from page to
    /// page.
    pub fn of(opaque_ids: &OpaqueIds, call: &str, request: &impl Message) -> Self {
        let about = [call.as_bytes(), &request.encode_to_vec()];
        Self { codec: opaque_ids.codec(Purpose::Cursor, &about), mac: opaque_ids.mac(&about) }
    }

    /// Encodes `cursor` as a token.
    pub fn token(&self, cursor: &Cursor) -> String {
        let mut bytes = Vec::with_capacity(NAME_BYTES.end + cursor.name.len() + cursor.id.len());
        bytes.push(VERSION);
        bytes.extend([0; Mac::BYTES]);
        bytes.extend(self.codec.encode(cursor.when, random_seed()).to_be_bytes());
        // The length fits: sort keys are a few hundred bytes long.
        bytes.extend((cursor.name.len() as u32).to_be_bytes());
        bytes.extend(&cursor.name);
        bytes.extend(cursor.id.as_bytes());
        let mac = self.mac.sign(&bytes[MAC.end..]);
        bytes[MAC].copy_from_slice(&mac);
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// Decodes a token of this shape; returns `None` for any other text.
    pub fn cursor(&self, token: &str) -> Option<Cursor> {
        if token.len() > MAX_TOKEN_BYTES {
            return None;
        }
        let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
        if bytes.first() != Some(&VERSION) || !self.mac.verify(bytes.get(MAC.end..)?, bytes.get(MAC)?) {
            return None;
        }
        let (when, _salt) = self.codec.decode(u128::from_be_bytes(bytes.get(WHEN)?.try_into().ok()?));
        let name_bytes = u32::from_be_bytes(bytes.get(NAME_BYTES)?.try_into().ok()?);
        let (name, id) = bytes[NAME_BYTES.end..].split_at_checked(usize::try_from(name_bytes).ok()?)?;
        Some(Cursor { when, name: name.to_owned(), id: std::str::from_utf8(id).ok()?.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::opaque_id::Secret;
    use crate::proto::v1::ListUsersRequest;
    use crate::service::parse::testing::opaque_ids;

    fn shape(tenant_id: &str, text: &str) -> Shape {
        let request =
            ListUsersRequest { tenant_id: tenant_id.to_owned(), text: text.to_owned(), ..ListUsersRequest::default() };
        Shape::of(&opaque_ids(), "ListUsers", &request)
    }

    #[test]
    fn a_token_brings_its_cursor_back() {
        for (when, name, id) in
            [(0, vec![], ""), (u64::MAX, vec![], "ann@a.example"), (7, vec![1, 0, 255], "ann"), (1, vec![7], "")]
        {
            let cursor = Cursor { when, name, id: id.to_owned() };
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
        assert_eq!(Shape::of(&opaque_ids(), "ListOrganizations", &request).cursor(&token), None, "other call");
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

    #[test]
    fn a_token_of_another_installation_is_refused() {
        let other = OpaqueIds::new(Secret::stored([8; 32]));
        let token = Shape::of(&other, "ListUsers", &ListUsersRequest::default()).token(&Cursor::default());
        let cursor = |opaque_ids| Shape::of(&opaque_ids, "ListUsers", &ListUsersRequest::default()).cursor(&token);
        assert_eq!((cursor(opaque_ids()), cursor(other)), (None, Some(Cursor::default())));
    }

    #[test]
    fn of_two_tokens_nobody_sees_whether_they_stand_for_the_same_place() {
        let shape = shape("acme", "");
        let bytes = |when| URL_SAFE_NO_PAD.decode(shape.token(&Cursor { when, ..Cursor::default() })).unwrap();
        let (one, again, next) = (bytes(41), bytes(41), bytes(42));
        for (one, other) in [(&one, &again), (&one, &next)] {
            // Only the version and the length of the name (0) are the same. A few other bytes are the same by chance.
            assert_eq!((one.len(), one[0], &one[NAME_BYTES]), (other.len(), other[0], &other[NAME_BYTES]));
            let same = (1..WHEN.end).filter(|at| one[*at] == other[*at]).count();
            assert!(same < 8, "{one:?} and {other:?}");
        }
    }
}
