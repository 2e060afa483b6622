//! Commands and queries about API tokens, which belong to the installation and are on its first shard.

use std::time::Duration;

use super::Cursor;
use crate::ids::{TenantId, TokenId, TokenName};
use crate::ledger::model::access::{Roles, Tenants};
use crate::ledger::model::time::WallTime;
use crate::ledger::model::token::TokenHash;

/// Creates a token. The caller has its text.
#[derive(Debug, Clone)]
pub struct CreateToken {
    /// A fresh random id.
    pub id: TokenId,
    pub name: TokenName,
    pub hash: TokenHash,
    pub roles: Roles,
    pub tenants: Tenants,
    /// Lifetime; `None`: it never expires.
    pub ttl: Option<Duration>,
    /// The caller's tenants. A caller who is not authorized for all tenants has a quota.
    pub within: Tenants,
}

/// Removes a deleted tenant from the tokens that name it, a few at a time, because a later tenant with the same id is
/// another one. Returns the token after which the caller continues.
#[derive(Debug, Clone)]
pub struct WithdrawTenant {
    pub gone: TenantId,
    pub after: Option<TokenId>,
}

/// Revokes a token permanently.
#[derive(Debug, Clone)]
pub struct RevokeToken {
    pub id: TokenId,
    /// The caller's tenants: a token for others counts as not found (R1).
    pub within: Tenants,
}

/// Records the last uses of tokens. Unknown tokens, and earlier uses, change nothing.
#[derive(Debug, Clone)]
pub struct NoteTokenUse {
    pub uses: Vec<(TokenId, WallTime)>,
}

/// Lists tokens by name; of the same name the oldest first.
#[derive(Debug, Clone)]
pub struct ListTokens {
    /// As in [`RevokeToken`].
    pub within: Tenants,
    pub after: Option<Cursor>,
    pub limit: usize,
}

/// Returns everything that authentication needs.
#[derive(Debug, Clone)]
pub struct AllTokens;
