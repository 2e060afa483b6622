//! The keys of an issuer: a JWKS (RFC 7517). It may contain keys for other purposes, which are ignored.

use ring::signature::{
    ECDSA_P256_SHA256_FIXED, ED25519, RSA_PKCS1_2048_8192_SHA256, RSA_PSS_2048_8192_SHA256, RsaPublicKeyComponents,
    UnparsedPublicKey,
};

use super::refused::Refused;
use crate::json::{Json, Member, Object, Wrong};
use crate::jws::decoded;

/// Bits of an RSA key: the maximum is that of `ring`.
const RSA_BITS: std::ops::RangeInclusive<usize> = 2048..=8192;

/// Signature algorithms that are accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Algorithm {
    Rs256,
    Ps256,
    Es256,
    EdDsa,
}

impl Algorithm {
    /// Returns the algorithm with this name in JOSE headers (RFC 7518, RFC 8037).
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "RS256" => Some(Algorithm::Rs256),
            "PS256" => Some(Algorithm::Ps256),
            "ES256" => Some(Algorithm::Es256),
            "EdDSA" => Some(Algorithm::EdDsa),
            _ => None,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Material {
    /// Modulus and exponent, without leading zeros.
    Rsa(Vec<u8>, Vec<u8>),
    /// An uncompressed point.
    P256([u8; 65]),
    Ed25519([u8; 32]),
}

/// A public key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    kid: Option<String>,
    /// The only algorithm that the key is for, if it names one.
    only: Option<Algorithm>,
    material: Material,
}

impl Key {
    /// True if the key is for this algorithm. The key decides that, not the token.
    fn takes(&self, algorithm: Algorithm) -> bool {
        let made_for = match self.material {
            Material::Rsa(..) => matches!(algorithm, Algorithm::Rs256 | Algorithm::Ps256),
            Material::P256(_) => algorithm == Algorithm::Es256,
            Material::Ed25519(_) => algorithm == Algorithm::EdDsa,
        };
        made_for && self.only.is_none_or(|only| only == algorithm)
    }

    /// Verifies a signature; false if the key is not for this algorithm.
    pub fn verifies(&self, algorithm: Algorithm, message: &[u8], signature: &[u8]) -> bool {
        let checked = match &self.material {
            _ if !self.takes(algorithm) => return false,
            Material::Rsa(n, e) => {
                let padding = match algorithm {
                    Algorithm::Ps256 => &RSA_PSS_2048_8192_SHA256,
                    _ => &RSA_PKCS1_2048_8192_SHA256,
                };
                RsaPublicKeyComponents { n, e }.verify(padding, message, signature)
            }
            Material::P256(point) => UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).verify(message, signature),
            Material::Ed25519(x) => UnparsedPublicKey::new(&ED25519, x).verify(message, signature),
        };
        checked.is_ok()
    }

    /// Parses a key. `None`: a key for another purpose, or of an unknown kind. A key whose private half was published,
    /// too, proves nothing, and is ignored.
    fn parse(jwk: Member) -> Option<Self> {
        let mut object = jwk.object().ok()?;
        let for_signatures = object.may("use").is_none_or(|member| member.text() == Ok("sig"));
        let verifies = object.may("key_ops").is_none_or(|member| lists(&member, "verify"));
        if !for_signatures || !verifies || object.may("d").is_some() {
            return None;
        }
        let only = match object.may("alg") {
            None => None,
            Some(member) => Some(Algorithm::named(member.text().ok()?)?),
        };
        let kid = match object.may("kid") {
            None => None,
            Some(member) => Some(member.text().ok()?.to_owned()),
        };
        let material = Material::parse(&mut object)?;
        Some(Self { kid, only, material })
    }
}

fn lists(member: &Member, text: &str) -> bool {
    let Json::List(items) = member.value() else { return false };
    items.iter().any(|item| matches!(item, Json::Text(item) if item == text))
}

impl Material {
    fn parse(object: &mut Object) -> Option<Self> {
        let kty = object.may("kty")?;
        let curve = object.may("crv");
        match (kty.text().ok()?, curve.as_ref().and_then(|member| member.text().ok())) {
            ("RSA", None) => {
                let (n, e) = (number(object, "n")?, number(object, "e")?);
                let bits = n.len() * 8 - n.first()?.leading_zeros() as usize;
                RSA_BITS.contains(&bits).then_some(Material::Rsa(n, e))
            }
            ("EC", Some("P-256")) => {
                let mut point = [4; 65];
                point[1..33].copy_from_slice(&bytes::<32>(object, "x")?);
                point[33..].copy_from_slice(&bytes::<32>(object, "y")?);
                Some(Material::P256(point))
            }
            ("OKP", Some("Ed25519")) => Some(Material::Ed25519(bytes(object, "x")?)),
            _ => None,
        }
    }
}

fn member(object: &mut Object, name: &str) -> Option<Vec<u8>> {
    decoded(object.may(name)?.text().ok()?, name).ok()
}

fn bytes<const N: usize>(object: &mut Object, name: &str) -> Option<[u8; N]> {
    member(object, name)?.try_into().ok()
}

/// Reads a number without leading zeros: some issuers write them, and `ring` refuses them.
fn number(object: &mut Object, name: &str) -> Option<Vec<u8>> {
    let bytes = member(object, name)?;
    let first = bytes.iter().position(|byte| *byte != 0)?;
    Some(bytes[first..].to_vec())
}

/// The keys that can be used.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KeySet(Vec<Key>);

impl KeySet {
    /// Parses a JWKS.
    ///
    /// # Errors
    /// The text is not a JWKS, or contains no key that can be used.
    pub fn parse(text: &str) -> Result<Self, Wrong> {
        let keys = Object::parse(text.as_bytes())?.need("keys")?;
        let mut set = Vec::new();
        for key in keys.list()?.filter_map(Key::parse) {
            if !set.contains(&key) {
                set.push(key);
            }
        }
        if set.is_empty() {
            let what = "contains no public key for RS256, PS256, ES256 or EdDSA (RSA from 2048 bits on)";
            return Err(Wrong { member: "keys".into(), what: what.into() });
        }
        Ok(Self(set))
    }

    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the key that a token names or, if it names none, the only one for its algorithm. If two keys match, the
    /// token is refused.
    pub(super) fn find(&self, kid: Option<&str>, algorithm: Algorithm) -> Result<&Key, Refused> {
        let named = || self.0.iter().filter(|key| kid.is_none_or(|kid| key.kid.as_deref() == Some(kid)));
        let mut fit = named().filter(|key| key.takes(algorithm));
        match (fit.next(), fit.next()) {
            (Some(key), None) => Ok(key),
            (None, _) if kid.is_some() && named().next().is_some() => Err(Refused::Algorithm),
            _ => Err(Refused::UnknownKey),
        }
    }
}
