//! Ids and numbers, parsed once at the edge, and trusted after that.
//!
//! Ids of the contract are [`Text`]s: a short one is stored inline, and a longer one is shared by the row, the audit
//! event and the watch event of the same login. Numbers represent these ids inside a shard and in the store's keys;
//! they leave the service only as opaque ids (decision 32).

use std::cell::RefCell;
use std::fmt;

use secrecy::SecretBox;
use uuid::Uuid;

/// An immutable text: up to 23 bytes are stored inline, longer ones are reference-counted. A clone never copies a long
/// text.
pub use smol_str::SmolStr as Text;

/// Longest id in bytes, of everything but users (R2 bounds those of users).
pub const MAX_ID_BYTES: usize = 128;
/// Longest free text about a client (address, agent) in bytes.
pub const MAX_CLIENT_BYTES: usize = 512;

/// The reason for which a text is not an id. The caller adds the name of the field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum IdError {
    #[error("must not be empty")]
    Empty,
    #[error("must contain a visible character")]
    Invisible,
    #[error("must be at most {0} bytes long")]
    TooLong(usize),
    #[error("must not contain control characters")]
    Control,
    #[error("must not start or end with white space")]
    Edge,
    #[error("must not contain white space")]
    Space,
    #[error("must be a session id that CheckOut returned")]
    NotASession,
}

macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Text);

        impl $name {
            /// Parses an id: 1 to 128 bytes, no control characters, no white space at either end.
            ///
            /// # Errors
            /// [`IdError`] names what is wrong with the text.
            pub fn parse(text: &str) -> Result<Self, IdError> {
                plain(text).map(Self)
            }

            /// Builds an id read from the store, which contains only parsed ids; not checked again.
            #[must_use]
            pub fn stored(text: &str) -> Self {
                Self(text.into())
            }

            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&self.0, f)
            }
        }
    };
}

/// Declared after the macro, which these modules use.
mod node;
mod shard_range;
mod token;
mod user;

pub use node::NodeId;
pub use shard_range::ShardRange;
pub use token::{TokenId, TokenName};
pub use user::{MAX_USER_ID_BYTES, UserId};

text_id!(
    /// A tenant: the boundary for data, security and licensing (R1).
    TenantId
);
text_id!(
    /// A pool of interchangeable seats within a tenant.
    PoolId
);
text_id!(
    /// A division of a tenant (R3).
    OrganizationId
);
text_id!(
    /// One device of a user; the application chooses the id (R16, R17).
    DeviceId
);
text_id!(
    /// One license of a tenant, in all its revisions (R27).
    LicenseId
);

fn plain(text: &str) -> Result<Text, IdError> {
    if text.is_empty() {
        return Err(IdError::Empty);
    }
    if text.len() > MAX_ID_BYTES {
        return Err(IdError::TooLong(MAX_ID_BYTES));
    }
    if text.chars().any(char::is_control) {
        return Err(IdError::Control);
    }
    if text.trim().len() != text.len() {
        return Err(IdError::Edge);
    }
    Ok(text.into())
}

/// One live login: 128 random bits. An id is useless outside its tenant (R1).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionId(pub Uuid);

impl SessionId {
    /// A fresh id from the operating system's random source.
    #[must_use]
    pub fn random() -> Self {
        Self(random_uuid())
    }

    /// Parses a session id as CheckOut returned it.
    ///
    /// # Errors
    /// [`IdError::Empty`] or [`IdError::NotASession`].
    pub fn parse(text: &str) -> Result<Self, IdError> {
        if text.is_empty() {
            return Err(IdError::Empty);
        }
        Uuid::try_parse(text).map(Self).map_err(|_| IdError::NotASession)
    }
}

impl fmt::Display for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Token of a shard's owner: each claim of the shard draws a fresh random one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OwnerToken(pub Uuid);

impl OwnerToken {
    /// A fresh token from the operating system's random source.
    #[must_use]
    pub fn random() -> Self {
        Self(random_uuid())
    }
}

/// One installation, to which a license can be bound (R28): drawn at the first start of a store, and kept in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct InstanceId(pub Uuid);

impl InstanceId {
    /// A fresh id from the operating system's random source.
    #[must_use]
    pub fn random() -> Self {
        Self(random_uuid())
    }
}

impl fmt::Display for InstanceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A secret number from the operating system's random source: the seed of hash maps, the salt of an opaque id.
#[must_use]
pub fn random_seed() -> u64 {
    random_uuid().as_u64_pair().0
}

/// The 32 bytes of a new signing key, from the operating system's random source. No copy is kept.
///
/// # Panics
/// When the operating system has no random source.
#[must_use]
#[allow(clippy::disallowed_methods)] // The only module that may draw random numbers.
pub fn random_key() -> SecretBox<[u8; 32]> {
    SecretBox::init_with_mut(|seed: &mut [u8; 32]| getrandom::fill(seed).expect("the operating system's random source"))
}

/// Random bytes that are fetched in advance, because a system call for each id would cost one for each login. No byte
/// is used twice.
struct RandomBuffer {
    bytes: [u8; 16 * Self::IDS],
    /// Number of unused ids; they are at the front of `bytes`.
    left: usize,
}

impl RandomBuffer {
    const IDS: usize = 64;

    /// # Panics
    /// When the operating system has no random source: nothing safe can be done without one.
    #[allow(clippy::disallowed_methods)] // The only module that may draw random numbers.
    fn next(&mut self) -> [u8; 16] {
        if self.left == 0 {
            getrandom::fill(&mut self.bytes).expect("the operating system's random source");
            self.left = Self::IDS;
        }
        self.left -= 1;
        let given = &mut self.bytes[16 * self.left..][..16];
        let mut id = [0; 16];
        // The bytes that are returned are overwritten with zeros.
        id.swap_with_slice(given);
        id
    }
}

fn random_uuid() -> Uuid {
    thread_local! {
        static RANDOM_BUFFER: RefCell<RandomBuffer> = const {
            RefCell::new(RandomBuffer { bytes: [0; 16 * RandomBuffer::IDS], left: 0 })
        };
    }
    let bits = RANDOM_BUFFER.with_borrow_mut(RandomBuffer::next);
    uuid::Builder::from_random_bytes(bits).into_uuid()
}

macro_rules! number {
    ($(#[$doc:meta])* $name:ident($inner:ty)) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
        pub struct $name(pub $inner);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl From<$name> for $inner {
            fn from(number: $name) -> Self {
                number.0
            }
        }
    };
}

number!(
    /// The unit of ownership, writer, fence and batch.
    ShardId(u16)
);
number!(
    /// Number of claims of a shard; each claim adds one.
    Epoch(i64)
);
number!(
    /// Number of a shard's batch: each committed batch adds one, in whatever epoch.
    Seq(i64)
);
number!(
    /// Represents a tenant inside its shard. Never used twice.
    TenantNo(u32)
);
number!(
    /// Represents a pool inside its tenant.
    PoolNo(u16)
);
number!(
    /// Represents an organization inside its tenant.
    OrganizationNo(u32)
);
number!(
    /// Represents a user inside its tenant.
    UserNo(u32)
);
number!(
    /// Represents a session inside its user. The row of an ended session keeps its reason until the number is reused,
    /// so that a user has a few rows permanently instead of one for each login (R9, R24, decision 1).
    SessionNo(u16)
);
number!(
    /// Number of an audit event in its shard. Consecutive, and never used twice.
    EventNo(u64)
);

impl TenantId {
    /// Represents the installation, to which API tokens belong: the empty id, which no tenant can have.
    #[must_use]
    pub fn installation() -> Self {
        Self(Text::default())
    }

    /// The shard of this tenant: FNV-1a of the id, modulo the number of shards, which is fixed at first start.
    /// Implemented here because stores depend on the result: it must never change. The installation is on the first
    /// shard.
    #[must_use]
    pub fn shard(&self, shards: u16) -> ShardId {
        if self.0.is_empty() {
            return ShardId(0);
        }
        let hash = self
            .0
            .bytes()
            .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3));
        ShardId((hash % u64::from(shards.max(1))) as u16)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    /// Several threads draw more ids than one fetch contains: all differ, and all are random UUIDs (RFC 9562, version
    /// 4).
    #[test]
    fn no_random_id_is_given_twice() {
        let take = || (0..3 * RandomBuffer::IDS + 1).map(|_| SessionId::random()).collect::<Vec<_>>();
        let threads: Vec<_> = (0..4).map(|_| std::thread::spawn(take)).collect();
        let ids: Vec<_> = threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect();
        assert_eq!(ids.iter().collect::<HashSet<_>>().len(), ids.len());
        assert!(ids.iter().all(|id| id.0.get_version_num() == 4));
    }
}
