//! The compact form of JWS (RFC 7515): three parts with dots between them, each base64url in its one spelling.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::json::Wrong;

pub struct Parts<'a> {
    /// The header and the payload with the dot between them: what the signature is about.
    pub signed: &'a str,
    pub header: &'a str,
    pub payload: &'a str,
    pub signature: &'a str,
}

impl<'a> Parts<'a> {
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

/// Base64url without padding, of which bits that mean nothing must be 0.
pub fn decoded(part: &str, name: &str) -> Result<Vec<u8>, Wrong> {
    URL_SAFE_NO_PAD.decode(part).map_err(|_| Wrong::whole(format!("{name} is not base64url without padding")))
}
