//! What the tenants of a shard share, such as the numbers of its events, leaves the service under a veil: nobody counts
//! by it what others do (R1).
//!
//! A veil is a keyed permutation of 128 bits, a number and a salt: a Feistel network of four rounds, whose round function
//! is HMAC-SHA256. Luby and Rackoff ("How to construct pseudorandom permutations from pseudorandom functions", SIAM J.
//! Comput. 17, 1988) proved that four rounds of a pseudorandom function cannot be told from a random permutation, not
//! even by somebody who may ask in both directions. With halves of 64 bits that holds for some 2^32 blocks of one veil;
//! with halves of 32, a block no longer than the number, it would end at 65,536. A permutation, and not a hash: different
//! numbers stay different for certain, and whoever has the secret gets the number back.

use std::fmt;

use ring::hmac::{HMAC_SHA256, Key, sign};
use secrecy::ExposeSecret;
use subtle::ConstantTimeEq;

use crate::ids::random_key;

const ROUNDS: u8 = 4;

/// The installation's own: made once, and kept in its store. All veils and seals are made with it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Secret([u8; Self::BYTES]);

impl Secret {
    pub const BYTES: usize = 32;

    /// From the operating system's random source.
    #[must_use]
    pub fn random() -> Self {
        Self(*random_key().expose_secret())
    }

    /// As a store has it.
    #[must_use]
    pub fn stored(bytes: [u8; Self::BYTES]) -> Self {
        Self(bytes)
    }

    /// For a store.
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

/// What a veil or a seal is for: of two purposes, the same number looks different.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// The id of an audit event.
    Event,
    /// The id of a notification's message.
    Message,
    /// A place in a list, or in a watch.
    Cursor,
    /// That a token is ours.
    Mac,
}

/// Makes veils and seals.
#[derive(Debug)]
pub struct OpaqueIds {
    key: Key,
}

impl OpaqueIds {
    #[must_use]
    pub fn new(secret: Secret) -> Self {
        Self { key: Key::new(HMAC_SHA256, secret.bytes()) }
    }

    /// The veil of one purpose, and of whom or what it is about: a tenant, for one.
    #[must_use]
    pub fn codec(&self, purpose: Purpose, about: &[&[u8]]) -> IdCodec {
        IdCodec { key: self.derive(purpose, about) }
    }

    #[must_use]
    pub fn mac(&self, about: &[&[u8]]) -> Mac {
        Mac { key: self.derive(Purpose::Mac, about) }
    }

    fn derive(&self, purpose: Purpose, about: &[&[u8]]) -> Key {
        let mut what = vec![purpose as u8];
        for part in about {
            // Each with its length: no two lists are the same bytes.
            what.extend((part.len() as u64).to_be_bytes());
            what.extend(*part);
        }
        Key::new(HMAC_SHA256, sign(&self.key, &what).as_ref())
    }
}

/// A permutation of numbers with salts.
#[derive(Debug, Clone)]
pub struct IdCodec {
    key: Key,
}

impl IdCodec {
    /// `salt`: drawn anew, it hides, too, that two numbers are the same.
    #[must_use]
    pub fn encode(&self, number: u64, salt: u64) -> u128 {
        let (mut left, mut right) = (number, salt);
        for round in 0..ROUNDS {
            (left, right) = (right, left ^ self.round(round, right));
        }
        u128::from(left) << 64 | u128::from(right)
    }

    /// The number and the salt: what both halves were.
    #[must_use]
    pub fn decode(&self, opaque: u128) -> (u64, u64) {
        let (mut left, mut right) = ((opaque >> 64) as u64, opaque as u64);
        for round in (0..ROUNDS).rev() {
            (left, right) = (right ^ self.round(round, left), left);
        }
        (left, right)
    }

    /// A name for a number: always the same, as long as the installation lives.
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

/// Tells what is ours from what somebody made up.
#[derive(Debug, Clone)]
pub struct Mac {
    key: Key,
}

impl Mac {
    pub const BYTES: usize = 16;

    #[must_use]
    pub fn sign(&self, bytes: &[u8]) -> [u8; Self::BYTES] {
        let tag = sign(&self.key, bytes);
        let mut mac = [0; Self::BYTES];
        mac.copy_from_slice(&tag.as_ref()[..Self::BYTES]);
        mac
    }

    /// In constant time: nobody finds a seal byte by byte.
    #[must_use]
    pub fn verify(&self, bytes: &[u8], mac: &[u8]) -> bool {
        self.sign(bytes).ct_eq(mac).into()
    }
}

#[cfg(test)]
mod tests;
