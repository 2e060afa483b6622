//! API tokens as they are kept: who uses one, what it may do, and until when. The text of a token is nowhere.

use std::fmt;
use std::sync::Arc;

use super::access::{Roles, Tenants};
use super::change::Actor;
use super::time::Wall;
use crate::ids::{TokenId, TokenName};

/// What is kept of a token's text: its SHA-256. Shown nowhere.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct TokenHash(pub [u8; 32]);

impl fmt::Debug for TokenHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenHash")
    }
}

/// Belongs to the installation: it names its tenants, and none of them owns it.
#[derive(Debug, Clone, PartialEq, Hash)]
pub struct TokenRow {
    pub id: TokenId,
    pub name: TokenName,
    pub hash: TokenHash,
    pub roles: Roles,
    pub tenants: Tenants,
    pub created: Wall,
    pub created_by: Actor,
    /// From this moment on it is no good. `None`: it never expires.
    pub expires: Option<Wall>,
    pub revoked: Option<Wall>,
    /// A minute or so behind: uses are noted together.
    pub last_used: Option<Wall>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenState {
    Active,
    Expired,
    /// Also of one that had expired before.
    Revoked,
}

impl TokenRow {
    /// `at`: the later of the clock and the high-water mark, so that a clock that is set back revives nothing (R31).
    #[must_use]
    pub fn state(&self, at: Wall) -> TokenState {
        match (self.revoked, self.expires) {
            (Some(_), _) => TokenState::Revoked,
            (None, Some(expires)) if at >= expires => TokenState::Expired,
            _ => TokenState::Active,
        }
    }

    /// When it ended, as of `at`.
    pub(super) fn ended(&self, at: Wall) -> Option<Wall> {
        let expired = self.expires.filter(|expires| at >= *expires);
        [self.revoked, expired].into_iter().flatten().min()
    }

    pub(super) fn view(&self, at: Wall) -> TokenView {
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

/// A token as operators see it.
#[derive(Debug, Clone, PartialEq)]
pub struct TokenView {
    pub id: TokenId,
    pub name: TokenName,
    pub roles: Roles,
    pub tenants: Tenants,
    pub state: TokenState,
    pub created: Wall,
    pub created_by: Actor,
    pub expires: Option<Wall>,
    pub revoked: Option<Wall>,
    pub last_used: Option<Wall>,
}

/// Every token, and the high-water mark by which they expire: what authentication goes by.
#[derive(Debug, Clone, PartialEq)]
pub struct KnownTokens {
    pub rows: Vec<Arc<TokenRow>>,
    pub high: Wall,
}
