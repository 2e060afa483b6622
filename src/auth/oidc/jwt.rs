//! A token: a JWS in its compact form, and no other (RFC 7519, RFC 8725). Its payload is not read before its signature
//! is verified. A key, or a location of one, is never taken from a token.

use super::jwks::{Algorithm, Key};
use super::refused::Refused;
use crate::json::{Object, Wrong};
use crate::jws::{Parts, decoded};

/// A token whose signature is not verified yet.
pub struct Jwt<'a> {
    signed: &'a str,
    payload: &'a str,
    signature: Vec<u8>,
    pub algorithm: Algorithm,
    pub kid: Option<String>,
}

fn malformed(_: Wrong) -> Refused {
    Refused::Malformed
}

impl<'a> Jwt<'a> {
    /// Parses the parts and the header of a token; the payload is left unread.
    ///
    /// # Errors
    /// Malformed, a critical extension, a wrong type, or an algorithm that is not accepted.
    pub fn parse(text: &'a str) -> Result<Self, Refused> {
        let parts = Parts::of(text).map_err(malformed)?;
        let header = decoded(parts.header, "the header").map_err(malformed)?;
        let mut header = Object::parse(&header).map_err(malformed)?;
        if header.may("crit").is_some() {
            return Err(Refused::Critical);
        }
        // Nested tokens are refused.
        if header.may("cty").is_some() || !header.may("typ").is_none_or(|typ| typ.text().is_ok_and(is_a_token)) {
            return Err(Refused::Type);
        }
        let named = header.need("alg").map_err(malformed)?;
        let algorithm = named.text().ok().and_then(Algorithm::named).ok_or(Refused::Algorithm)?;
        let kid = header.may("kid").map(|kid| kid.text().map(str::to_owned)).transpose().map_err(malformed)?;
        let signature = decoded(parts.signature, "the signature").map_err(malformed)?;
        Ok(Self { signed: parts.signed, payload: parts.payload, signature, algorithm, kid })
    }

    /// Returns the payload if this key signed the token.
    pub fn opened(&self, key: &Key) -> Result<Object, Refused> {
        if !key.verifies(self.algorithm, self.signed.as_bytes(), &self.signature) {
            return Err(Refused::Signature);
        }
        Object::parse(&decoded(self.payload, "the payload").map_err(malformed)?).map_err(malformed)
    }
}

/// True for the media type of a token; `application/` may be left out, and case does not matter (RFC 7515, section
/// 4.1.9).
fn is_a_token(typ: &str) -> bool {
    let typ = typ.to_ascii_lowercase();
    matches!(typ.strip_prefix("application/").unwrap_or(&typ), "jwt" | "at+jwt")
}
