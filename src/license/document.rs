//! Signed documents: JWS in its compact form (RFC 7515), signed with Ed25519 (RFC 8037). There is only one way to write
//! a document, so a change of any byte, even a meaningless one, makes it invalid.

use std::borrow::Cow;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::key::{self, PublicKey, SigningKey};
use super::pasted::{self, BEGIN, END};
use super::rejection::Rejection;
use crate::json::{Object, Wrong};
use crate::jws::{Parts, decoded};

/// The only algorithm. The algorithm that a document names must equal it; the document never chooses one.
const ALGORITHM: &str = "EdDSA";

const ARMOR_COLUMNS: usize = 64;

/// Kind of a document. A document of one kind is never accepted as another, because the signature covers the type.
#[derive(Debug, Clone, Copy)]
pub struct Kind {
    typ: &'static str,
    max_bytes: usize,
    /// It is sent by mail: in an armor, and with other text that people and programs add.
    mailed: bool,
}

impl Kind {
    /// Size limit in bytes, for a document with everything around it.
    #[must_use]
    pub fn max_bytes(self) -> usize {
        self.max_bytes
    }
}

/// Kind of a license.
pub const LICENSE: Kind = Kind { typ: "license+jwt", max_bytes: 64 * 1024, mailed: true };
/// Kind of a list of revoked licenses.
pub const REVOCATIONS: Kind = Kind { typ: "license-revocations+jwt", max_bytes: 1024 * 1024, mailed: false };

/// A document whose signature was not checked: for people who want to see its content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unchecked {
    /// The thumbprint of the key that the document names.
    pub kid: String,
    pub payload: Vec<u8>,
}

/// A document with a valid signature of a trusted key.
pub(super) struct Opened {
    pub kid: String,
    pub payload: Vec<u8>,
    /// The three parts, with nothing around them.
    pub compact: String,
}

/// Writes and signs a document.
#[must_use]
pub fn sign(key: &SigningKey, kind: Kind, payload: &Value) -> String {
    let header = json!({ "alg": ALGORITHM, "kid": key.public().kid(), "typ": kind.typ });
    let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let signed = format!("{}.{}", encode(&header), encode(payload));
    let signature = URL_SAFE_NO_PAD.encode(key.sign(signed.as_bytes()));
    format!("{signed}.{signature}")
}

/// A license between two marker lines, for mail.
#[must_use]
pub fn armored(compact: &str) -> String {
    let mut text = format!("-----{BEGIN}-----\n");
    for line in compact.as_bytes().chunks(ARMOR_COLUMNS) {
        text.push_str(&String::from_utf8_lossy(line));
        text.push('\n');
    }
    text + "-----" + END + "-----\n"
}

/// Reads a document without checking its signature. No decision may depend on its content.
///
/// # Errors
/// [`Rejection::Malformed`] or [`Rejection::Algorithm`].
pub fn unchecked(text: &str, kind: Kind) -> Result<Unchecked, Rejection> {
    let compact = bare(text, kind)?;
    let parts = Parts::of(&compact)?;
    let kid = kid(parts.header, kind)?;
    decoded(parts.signature, "the signature")?;
    Ok(Unchecked { kid, payload: decoded(parts.payload, "the payload")? })
}

/// Reads a document and checks its signature, in this order: form, algorithm, rest of the header, key, signature. The
/// payload is not parsed before the signature is found valid.
pub(super) fn open<'a>(
    text: &str,
    kind: Kind,
    trusted: impl FnOnce(&str) -> Option<&'a PublicKey>,
) -> Result<Opened, Rejection> {
    let compact = bare(text, kind)?;
    let parts = Parts::of(&compact)?;
    let kid = kid(parts.header, kind)?;
    let signature = decoded(parts.signature, "the signature")?;
    let payload = decoded(parts.payload, "the payload")?;
    let Some(key) = trusted(&kid) else { return Err(Rejection::KeyUnknown(kid)) };
    if !key.verifies(parts.signed.as_bytes(), &signature) {
        return Err(Rejection::Signature);
    }
    Ok(Opened { kid, payload, compact: compact.into_owned() })
}

/// The document without surrounding white space, and for one that is mailed, without any other surrounding text.
fn bare(text: &str, kind: Kind) -> Result<Cow<'_, str>, Wrong> {
    if text.len() > kind.max_bytes {
        return Err(Wrong::whole(format!("is larger than {} bytes", kind.max_bytes)));
    }
    let text = text.trim_ascii();
    let nothing_else = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
    if nothing_else || !kind.mailed {
        return Ok(Cow::Borrowed(text));
    }
    let is_header = |part: &str| decoded(part, "").is_ok_and(|header| Object::parse(&header).is_ok());
    pasted::find(text, is_header).map(Cow::Owned)
}

/// Reads a header: exactly `alg`, `typ` and `kid`. A document can never bring a key or say where to get one, and
/// critical extensions are refused.
fn kid(header: &str, kind: Kind) -> Result<String, Rejection> {
    let mut header = Object::parse(&decoded(header, "the header")?)?;
    if header.need("alg")?.text() != Ok(ALGORITHM) {
        return Err(Rejection::Algorithm);
    }
    let typ = header.need("typ")?;
    if typ.text()? != kind.typ {
        return Err(typ.wrong(format_args!("must be {}", kind.typ)).into());
    }
    let kid = header.need("kid")?.parsed(key::thumbprint)?;
    header.end()?;
    Ok(kid)
}
