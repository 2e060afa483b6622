//! The API token by which a caller was let in, as one process names it to another (C10).

use crate::ids::TokenId;

/// Edition of an index of tokens: the same for the same tokens, whoever keeps them, and higher after each change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct TokenEdition(pub u64);

/// The API token by which a caller was let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UsedToken {
    pub id: TokenId,
    /// An edition of the index of the process that let it in, since which the token has been there as it is.
    pub edition: TokenEdition,
}
