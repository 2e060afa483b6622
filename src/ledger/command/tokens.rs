//! What can be asked about API tokens. They belong to the installation: whoever asks, asks its first shard.

use std::time::Duration;

use super::Cursor;
use crate::ids::{TenantId, TokenId, TokenName};
use crate::ledger::access::{Roles, Tenants};
use crate::ledger::time::Wall;
use crate::ledger::token::TokenHash;

/// Makes a token of which the caller has the text.
#[derive(Debug, Clone)]
pub struct CreateToken {
    /// A fresh random id.
    pub id: TokenId,
    pub name: TokenName,
    pub hash: TokenHash,
    pub roles: Roles,
    pub tenants: Tenants,
    /// `None`: it never expires.
    pub ttl: Option<Duration>,
    /// The caller's tenants. Who has not all of them has a quota.
    pub within: Tenants,
}

/// Takes a tenant out of the tokens that name it, a few at a time: the tenant is deleted, and a later one of the same id is
/// another. The answer tells after which token it is to be asked again.
#[derive(Debug, Clone)]
pub struct WithdrawTenant {
    pub gone: TenantId,
    pub after: Option<TokenId>,
}

/// Ends a token for good.
#[derive(Debug, Clone)]
pub struct RevokeToken {
    pub id: TokenId,
    /// The caller's tenants: a token for others is as good as not there (R1).
    pub within: Tenants,
}

/// Notes when tokens were used last. Ones that are not there, and earlier uses, change nothing.
#[derive(Debug, Clone)]
pub struct NoteTokenUse {
    pub uses: Vec<(TokenId, Wall)>,
}

/// By name, of one name the oldest first.
#[derive(Debug, Clone)]
pub struct ListTokens {
    /// As in [`RevokeToken`].
    pub within: Tenants,
    pub after: Option<Cursor>,
    pub limit: usize,
}

/// Everything that authentication must know.
#[derive(Debug, Clone)]
pub struct AllTokens;
