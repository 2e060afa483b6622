//! The compact form of JWS (RFC 7515): three parts separated by dots, each in canonical base64url.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::json::Wrong;

/// The parts of a document, still encoded.
pub struct Parts<'a> {
    /// The header, a dot and the payload: the bytes that the signature covers.
    pub signed: &'a str,
    pub header: &'a str,
    pub payload: &'a str,
    pub signature: &'a str,
}

impl<'a> Parts<'a> {
    /// Splits a document into its parts.
    pub fn of(compact: &'a str) -> Result<Self, Wrong> {
        let parts = || {
            let (signed, signature) = compact.rsplit_once('.')?;
            let (header, payload) = signed.split_once('.')?;
            let more = payload.contains('.');
            (!more).then_some(Parts { signed, header, payload, signature })
        };
        parts().ok_or_else(|| Wrong::whole("must be three parts with dots between them"))
    }
}

/// Decodes base64url without padding; unused bits must be 0.
pub fn decoded(part: &str, name: &str) -> Result<Vec<u8>, Wrong> {
    URL_SAFE_NO_PAD.decode(part).map_err(|_| Wrong::whole(format!("{name} is not base64url without padding")))
}
