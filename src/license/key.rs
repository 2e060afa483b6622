//! Keys: the vendor's private keys, which sign, and the public keys that installations trust. Ed25519 only (RFC 8032),
//! identified by thumbprints (RFC 7638).

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::digest::{SHA256, digest};
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use secrecy::{ExposeSecret, SecretBox, SecretSlice, SecretString};
use serde_json::{Value, json};

use crate::json::{Member, Object, Wrong};

/// Prefix of PKCS#8, version 1, for an Ed25519 key (RFC 8410); the 32 bytes of the key follow. `ring` writes version 2,
/// which OpenSSL 3.0 does not read.
const PKCS8: [u8; 16] =
    [0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20];
const BEGIN: &str = "-----BEGIN PRIVATE KEY-----";
const END: &str = "-----END PRIVATE KEY-----";

/// A public key and its id, the thumbprint.
#[derive(Clone, PartialEq, Eq)]
pub struct PublicKey {
    x: [u8; 32],
    kid: String,
}

impl PublicKey {
    /// Builds a key from its 32 bytes (RFC 8032).
    #[must_use]
    pub fn new(x: [u8; 32]) -> Self {
        // RFC 7638: exactly these members, in this order, without any white space.
        let members = format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{}"}}"#, URL_SAFE_NO_PAD.encode(x));
        Self { x, kid: URL_SAFE_NO_PAD.encode(digest(&SHA256, members.as_bytes())) }
    }

    /// Key id: the thumbprint.
    #[must_use]
    pub fn kid(&self) -> &str {
        &self.kid
    }

    pub(super) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        UnparsedPublicKey::new(&ED25519, self.x).verify(message, signature).is_ok()
    }

    fn to_jwk(&self) -> Value {
        let x = URL_SAFE_NO_PAD.encode(self.x);
        json!({ "kty": "OKP", "crv": "Ed25519", "x": x, "kid": self.kid, "use": "sig", "alg": "EdDSA" })
    }

    /// Parses a key of a JWKS. A private key is refused, because it does not belong in a trust set.
    fn parse(jwk: Member) -> Result<Self, Wrong> {
        let mut object = jwk.object()?;
        if let Some(private) = object.may("d") {
            return Err(private.wrong("is a private key; only public keys belong here"));
        }
        let kty = object.need("kty")?;
        let crv = object.need("crv")?;
        if kty.text()? != "OKP" || crv.text()? != "Ed25519" {
            return Err(kty.wrong("must be OKP, and crv Ed25519"));
        }
        let x = object.need("x")?.parsed(|text| {
            let bytes = URL_SAFE_NO_PAD.decode(text).ok().and_then(|bytes| <[u8; 32]>::try_from(bytes).ok());
            bytes.ok_or("must be 32 bytes in base64url")
        })?;
        let key = Self::new(x);
        for (name, only) in [("kid", &*key.kid), ("use", "sig"), ("alg", "EdDSA")] {
            if let Some(member) = object.may(name)
                && member.text()? != only
            {
                return Err(member.wrong(format_args!("must be {only}, or left out")));
            }
        }
        object.end()?;
        Ok(key)
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({})", self.kid)
    }
}

/// Checks that a text has the form of a thumbprint: SHA-256 in base64url.
pub(super) fn thumbprint(text: &str) -> Result<String, &'static str> {
    let is = URL_SAFE_NO_PAD.decode(text).is_ok_and(|bytes| bytes.len() == 32);
    if is { Ok(text.to_owned()) } else { Err("must be the thumbprint of a key (RFC 7638)") }
}

/// Parses the public keys of a JWKS (RFC 7517).
///
/// # Errors
/// [`Wrong`] names the first member that is missing, unknown, or wrong.
pub fn parse_jwks(text: &str) -> Result<Vec<PublicKey>, Wrong> {
    let mut object = Object::parse(text.as_bytes())?;
    let keys = object.need("keys")?.list()?.map(PublicKey::parse).collect();
    object.end()?;
    keys
}

/// Writes public keys as a JWKS.
#[must_use]
pub fn to_jwks(keys: &[PublicKey]) -> String {
    let keys: Vec<Value> = keys.iter().map(PublicKey::to_jwk).collect();
    format!("{:#}\n", json!({ "keys": keys }))
}

/// The error says nothing about the content of the key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("is not an unencrypted Ed25519 private key in PKCS#8 and PEM ({BEGIN})")]
pub struct KeyError;

/// Private key of a vendor. It is never printed.
pub struct SigningKey {
    pair: Ed25519KeyPair,
    public: PublicKey,
}

impl SigningKey {
    /// Builds a key from 32 random bytes.
    ///
    /// # Panics
    /// Never, because any 32 bytes are a key.
    #[must_use]
    pub fn from_seed(seed: &SecretBox<[u8; 32]>) -> Self {
        Self::of(Ed25519KeyPair::from_seed_unchecked(seed.expose_secret()).expect("any 32 bytes are a key"))
    }

    /// Reads PKCS#8 in PEM, as [`SigningKey::pem`] and `openssl genpkey -algorithm ed25519` write it.
    ///
    /// # Errors
    /// [`KeyError`]
    pub fn from_pem(pem: &SecretString) -> Result<Self, KeyError> {
        let inner = pem.expose_secret().trim_ascii().strip_prefix(BEGIN).and_then(|rest| rest.strip_suffix(END));
        let text: String = inner.ok_or(KeyError)?.chars().filter(|c| !c.is_ascii_whitespace()).collect();
        let text = SecretString::from(text);
        let der = SecretSlice::from(STANDARD.decode(text.expose_secret()).map_err(|_| KeyError)?);
        // Unchecked, because version 1 contains no public key to compare with.
        Ed25519KeyPair::from_pkcs8_maybe_unchecked(der.expose_secret()).map(Self::of).map_err(|_| KeyError)
    }

    /// The PEM form of the key that [`SigningKey::from_seed`] builds from the same seed.
    #[must_use]
    pub fn pem(seed: &SecretBox<[u8; 32]>) -> SecretString {
        let der = SecretSlice::from([&PKCS8[..], seed.expose_secret()].concat());
        let text = SecretString::from(STANDARD.encode(der.expose_secret()));
        SecretString::from(format!("{BEGIN}\n{}\n{END}\n", text.expose_secret()))
    }

    fn of(pair: Ed25519KeyPair) -> Self {
        let x = pair.public_key().as_ref().try_into().expect("a public key is 32 bytes long");
        Self { pair, public: PublicKey::new(x) }
    }

    /// The public key of the pair.
    #[must_use]
    pub fn public(&self) -> &PublicKey {
        &self.public
    }

    /// Signs a message. The signature has 64 bytes, and is always the same for the same message.
    #[must_use]
    pub fn sign(&self, message: &[u8]) -> [u8; 64] {
        self.pair.sign(message).as_ref().try_into().expect("a signature is 64 bytes long")
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({})", self.public.kid)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from_base64url(text: &str) -> [u8; 32] {
        URL_SAFE_NO_PAD.decode(text).unwrap().try_into().unwrap()
    }

    /// RFC 8037, appendix A: the key, its thumbprint, and a signature.
    #[test]
    fn keys_thumbprints_and_signatures_are_those_of_the_rfc() {
        let seed = SecretBox::new(Box::new(from_base64url("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A")));
        let key = SigningKey::from_seed(&seed);
        assert_eq!(key.public().x, from_base64url("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"));
        assert_eq!(key.public().kid(), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
        let signed = b"eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc";
        let signature = "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";
        assert_eq!(URL_SAFE_NO_PAD.encode(key.sign(signed)), signature);
        assert!(key.public().verifies(signed, &key.sign(signed)));

        let again = SigningKey::from_pem(&SigningKey::pem(&seed)).unwrap();
        assert_eq!(again.public(), key.public());
    }
}
