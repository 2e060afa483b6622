//! API tokens: `usher_<id>_<secret>_<checksum>`. The id identifies the token and is not secret; the secret is 256
//! random bits; the checksum distinguishes a mistyped or truncated token from a wrong one, and lets scanners of
//! repositories recognize tokens. Only the SHA-256 of the whole text is stored.

use std::fmt;

use ring::digest::{SHA256, digest};
use secrecy::{ExposeSecret, SecretString};
use subtle::ConstantTimeEq;

use crate::ids::TokenId;
pub use crate::ledger::token::TokenHash;

const PREFIX: &str = "usher_";
/// Characters of the secret: 32 bytes in hexadecimal digits.
const SECRET_CHARS: usize = 64;
const CHECKSUM_CHARS: usize = 8;

/// A token with its whole text, as its owner has it.
#[derive(Clone)]
pub struct Token {
    id: TokenId,
    text: SecretString,
}

/// Reason for which a text is not a token. It contains nothing of the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    #[error("is not a token: usher_<id>_<secret>_<checksum>")]
    NotOne,
    #[error("is a token with a wrong checksum: it was mistyped, or cut")]
    Checksum,
}

impl Token {
    /// Makes a token of this id and secret.
    #[must_use]
    pub fn new(id: TokenId, secret: &[u8; 32]) -> Self {
        let body = format!("{PREFIX}{id}_{}", hex(secret));
        let text = format!("{body}_{}", checksum(&body));
        Self { id, text: text.into() }
    }

    /// Parses the text of a token.
    ///
    /// # Errors
    /// [`TokenError`]
    pub fn parse(text: &str) -> Result<Self, TokenError> {
        let (body, sum) = text.rsplit_once('_').ok_or(TokenError::NotOne)?;
        let (id, secret) = body.strip_prefix(PREFIX).and_then(|rest| rest.split_once('_')).ok_or(TokenError::NotOne)?;
        let id = TokenId::parse(id).ok_or(TokenError::NotOne)?;
        let digits = |text: &str, length| text.len() == length && text.bytes().all(|b| b.is_ascii_hexdigit());
        if !digits(secret, SECRET_CHARS) || !digits(sum, CHECKSUM_CHARS) {
            return Err(TokenError::NotOne);
        }
        if sum != checksum(body) {
            return Err(TokenError::Checksum);
        }
        Ok(Self { id, text: text.to_owned().into() })
    }

    /// True if a text could be meant to be a token.
    #[must_use]
    pub fn has_token_prefix(text: &str) -> bool {
        text.starts_with(PREFIX)
    }

    #[must_use]
    pub fn id(&self) -> TokenId {
        self.id
    }

    /// The whole text: returned once, to the caller that created the token.
    #[must_use]
    pub fn text(&self) -> &SecretString {
        &self.text
    }

    /// SHA-256 of the whole text.
    #[must_use]
    pub fn hash(&self) -> TokenHash {
        TokenHash(sha256(self.text.expose_secret().as_bytes()))
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Token({})", self.id)
    }
}

impl TokenHash {
    /// Compares in constant time.
    #[must_use]
    pub fn is(&self, other: &TokenHash) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

/// SHA-256 of some bytes.
pub(super) fn sha256(bytes: &[u8]) -> [u8; 32] {
    digest(&SHA256, bytes).as_ref().try_into().expect("SHA-256 has 32 bytes")
}

fn checksum(body: &str) -> String {
    hex(&sha256(body.as_bytes())[..CHECKSUM_CHARS / 2])
}

/// Hexadecimal digits, in lower case.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token() -> Token {
        Token::new(TokenId::parse("0123456789abcdef").unwrap(), &[7; 32])
    }

    #[test]
    fn a_token_reads_back() {
        let token = token();
        let text = token.text().expose_secret();
        assert!(text.starts_with("usher_0123456789abcdef_0707"), "{text}");
        let read = Token::parse(text).unwrap();
        assert_eq!(read.id(), token.id());
        assert!(read.hash().is(&token.hash()));
        assert!(!Token::new(token.id(), &[8; 32]).hash().is(&token.hash()));
        assert!(!format!("{token:?} {:?}", token.hash()).contains("0707"));
    }

    #[test]
    fn any_other_text_is_refused() {
        let text = token().text().expose_secret().to_owned();
        for (bad, why) in [
            (text.replacen("07", "08", 1), TokenError::Checksum),
            (text.replacen("0123", "0124", 1), TokenError::Checksum),
            (text[..text.len() - 1].to_owned(), TokenError::NotOne),
            (text.replacen("usher_", "other_", 1), TokenError::NotOne),
            (text.replacen("0707", "07g7", 1), TokenError::NotOne),
            (format!("{text}0"), TokenError::NotOne),
            (format!(" {text}"), TokenError::NotOne),
            (String::new(), TokenError::NotOne),
            ("usher___".to_owned(), TokenError::NotOne),
        ] {
            assert_eq!(Token::parse(&bad).unwrap_err(), why, "{bad}");
        }
    }
}
