//! API tokens as they are stored: name, rights and expiry. The text of a token is stored nowhere.

use std::fmt;
use std::sync::Arc;

use super::access::{Roles, Tenants};
use super::actor::Actor;
use super::time::WallTime;
use crate::ids::{TokenId, TokenName};

/// SHA-256 of a token's text. It is not shown anywhere.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct TokenHash(pub [u8; 32]);

impl fmt::Debug for TokenHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenHash")
    }
}

/// A token belongs to the installation: it names tenants, and none of them owns it.
#[derive(Debug, Clone, PartialEq, Hash)]
pub struct TokenRow {
    pub id: TokenId,
    pub name: TokenName,
    pub hash: TokenHash,
    pub roles: Roles,
    pub tenants: Tenants,
    pub created: WallTime,
    pub created_by: Actor,
    /// The token is invalid from this time on. `None`: it never expires.
    pub expires: Option<WallTime>,
    pub revoked: Option<WallTime>,
    /// Last use, up to about a minute old, because uses are recorded together.
    pub last_used: Option<WallTime>,
}

/// State of a token at a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenState {
    Active,
    Expired,
    /// Also if the token had expired before.
    Revoked,
}

impl TokenRow {
    /// State at `at`, which is the later of the clock and the high-water mark, so that turning the clock back revives
    /// no token (R31).
    #[must_use]
    pub fn state(&self, at: WallTime) -> TokenState {
        match (self.revoked, self.expires) {
            (Some(_), _) => TokenState::Revoked,
            (None, Some(expires)) if at >= expires => TokenState::Expired,
            _ => TokenState::Active,
        }
    }

    /// True if the two are the same token with the same rights, whenever it was used.
    #[must_use]
    pub fn differs_at_most_in_use(&self, other: &Self) -> bool {
        let Self { id, name, hash, roles, tenants, created, created_by, expires, revoked, last_used: _ } = self;
        (id, name, hash, roles) == (&other.id, &other.name, &other.hash, &other.roles)
            && (created, created_by) == (&other.created, &other.created_by)
            && (expires, revoked, tenants) == (&other.expires, &other.revoked, &other.tenants)
    }

    /// Time of the end, if the token has ended by `at`.
    pub(in crate::ledger) fn ended(&self, at: WallTime) -> Option<WallTime> {
        let expired = self.expires.filter(|expires| at >= *expires);
        [self.revoked, expired].into_iter().flatten().min()
    }

    pub(in crate::ledger) fn view(&self, at: WallTime) -> TokenView {
        TokenView {
            id: self.id,
            name: self.name.clone(),
            roles: self.roles,
            tenants: self.tenants.clone(),
            state: self.state(at),
            created: self.created,
            created_by: self.created_by.clone(),
            expires: self.expires,
            revoked: self.revoked,
            last_used: self.last_used,
        }
    }
}

/// A token as an operator sees it.
#[derive(Debug, Clone, PartialEq)]
pub struct TokenView {
    pub id: TokenId,
    pub name: TokenName,
    pub roles: Roles,
    pub tenants: Tenants,
    pub state: TokenState,
    pub created: WallTime,
    pub created_by: Actor,
    pub expires: Option<WallTime>,
    pub revoked: Option<WallTime>,
    pub last_used: Option<WallTime>,
}

/// All tokens, and the high-water mark by which they expire: what authentication uses.
#[derive(Debug, Clone, PartialEq)]
pub struct KnownTokens {
    pub rows: Vec<Arc<TokenRow>>,
    pub high: WallTime,
}
