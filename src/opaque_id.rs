//! Opaque ids. Numbers that the tenants of a shard share, such as the numbers of its events, leave the service encoded,
//! so that no tenant can count by them what others do (R1, decision 32).
//!
//! The code is a keyed permutation of 128 bits, a number and a salt: a Feistel network of four rounds, whose round
//! function is HMAC-SHA256. Luby and Rackoff ("How to construct pseudorandom permutations from pseudorandom functions",
//! SIAM J. Comput. 17, 1988) proved that four rounds of a pseudorandom function cannot be distinguished from a random
//! permutation, even by an attacker who can both encode and decode. With halves of 64 bits that holds for some 2^32
//! blocks of one key; with halves of 32 bits, a block as short as the number, it would end at 65,536. A permutation
//! instead of a hash guarantees that different numbers stay different, and lets the owner of the secret decode them.

use std::fmt;

use ring::hmac::{HMAC_SHA256, Key, sign};
use secrecy::ExposeSecret;
use subtle::ConstantTimeEq;

use crate::ids::random_key;

const ROUNDS: u8 = 4;

/// Secret of the installation: drawn once, and kept in its store. All keys of opaque ids and MACs are derived from it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Secret([u8; Self::BYTES]);

impl Secret {
    /// Length of a secret in bytes.
    pub const BYTES: usize = 32;

    /// Draws a secret from the operating system's random source.
    #[must_use]
    pub fn random() -> Self {
        Self(*random_key().expose_secret())
    }

    /// Builds a secret from its stored bytes.
    #[must_use]
    pub fn stored(bytes: [u8; Self::BYTES]) -> Self {
        Self(bytes)
    }

    /// The bytes to store.
    #[must_use]
    pub fn bytes(&self) -> &[u8; Self::BYTES] {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

/// Purpose of a derived key: for two purposes, the same number has different codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// The id of an audit event.
    Event,
    /// The id of a notification's message.
    Message,
    /// A position in a list or in a watch.
    Cursor,
    /// The MAC of a token that Usher issued.
    Mac,
}

/// Derives the keys of codecs and MACs from the installation's secret.
#[derive(Debug)]
pub struct OpaqueIds {
    key: Key,
}

impl OpaqueIds {
    #[must_use]
    pub fn new(secret: Secret) -> Self {
        Self { key: Key::new(HMAC_SHA256, secret.bytes()) }
    }

    /// The codec for one purpose and one subject, such as a tenant.
    #[must_use]
    pub fn codec(&self, purpose: Purpose, about: &[&[u8]]) -> IdCodec {
        IdCodec { key: self.derive(purpose, about) }
    }

    /// The MAC for one subject, such as a tenant.
    #[must_use]
    pub fn mac(&self, about: &[&[u8]]) -> Mac {
        Mac { key: self.derive(Purpose::Mac, about) }
    }

    fn derive(&self, purpose: Purpose, about: &[&[u8]]) -> Key {
        let mut what = vec![purpose as u8];
        for part in about {
            // Length-prefixed, so that two different lists never are the same bytes.
            what.extend((part.len() as u64).to_be_bytes());
            what.extend(*part);
        }
        Key::new(HMAC_SHA256, sign(&self.key, &what).as_ref())
    }
}

/// Encodes a number with a salt: a keyed permutation.
#[derive(Debug, Clone)]
pub struct IdCodec {
    key: Key,
}

impl IdCodec {
    /// Encodes a number. A fresh random `salt` also hides that two codes have the same number.
    #[must_use]
    pub fn encode(&self, number: u64, salt: u64) -> u128 {
        let (mut left, mut right) = (number, salt);
        for round in 0..ROUNDS {
            (left, right) = (right, left ^ self.round(round, right));
        }
        u128::from(left) << 64 | u128::from(right)
    }

    /// Decodes to the number and the salt.
    #[must_use]
    pub fn decode(&self, opaque: u128) -> (u64, u64) {
        let (mut left, mut right) = ((opaque >> 64) as u64, opaque as u64);
        for round in (0..ROUNDS).rev() {
            (left, right) = (right ^ self.round(round, left), left);
        }
        (left, right)
    }

    /// The code of a number as text, always the same during the life of the installation.
    #[must_use]
    pub fn name(&self, number: u64) -> String {
        format!("{:032x}", self.encode(number, 0))
    }

    fn round(&self, round: u8, half: u64) -> u64 {
        let mut what = [round; 9];
        what[1..].copy_from_slice(&half.to_be_bytes());
        let tag = sign(&self.key, &what);
        tag.as_ref().iter().take(8).fold(0, |bits, byte| bits << 8 | u64::from(*byte))
    }
}

/// Authenticates bytes that Usher issued.
#[derive(Debug, Clone)]
pub struct Mac {
    key: Key,
}

impl Mac {
    /// Length of a MAC in bytes: HMAC-SHA256, truncated.
    pub const BYTES: usize = 16;

    /// The MAC of `bytes`.
    #[must_use]
    pub fn sign(&self, bytes: &[u8]) -> [u8; Self::BYTES] {
        let tag = sign(&self.key, bytes);
        let mut mac = [0; Self::BYTES];
        mac.copy_from_slice(&tag.as_ref()[..Self::BYTES]);
        mac
    }

    /// Compares in constant time, so that no attacker finds a MAC byte by byte.
    #[must_use]
    pub fn verify(&self, bytes: &[u8], mac: &[u8]) -> bool {
        self.sign(bytes).ct_eq(mac).into()
    }
}

#[cfg(test)]
mod tests;
