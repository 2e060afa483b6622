//! Reasons for which calls fail authentication or authorization.

use std::time::Duration;

use super::{Foreign, TokenRefused, oidc};

/// Reason for which a call fails authentication or authorization. It contains nothing of a credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// The call has no credential, and one is required.
    Missing,
    /// The credential is malformed.
    Malformed,
    /// The credential is well-formed but unknown.
    Unknown,
    Expired,
    Revoked,
    /// The credential is valid, but no rule of the access file matches it.
    Nobody,
    /// The keys to verify the token are being fetched.
    KeysPending,
    /// It is not known whether the API token was revoked meanwhile.
    TokensUnconfirmed,
    /// The address has failed too often. Valid credentials pass all the same.
    TooOften {
        retry: Duration,
    },
    /// The caller is authenticated, but not authorized for the call.
    NotAllowed,
    /// No credential is required, and the request is not meant for this server, or comes from a page of another site.
    Foreign(Foreign),
    /// A token of the identity provider is refused.
    Oidc(oidc::Refused),
}

impl From<TokenRefused> for Refused {
    fn from(refused: TokenRefused) -> Self {
        match refused {
            TokenRefused::Unknown => Refused::Unknown,
            TokenRefused::Expired => Refused::Expired,
            TokenRefused::Revoked => Refused::Revoked,
            TokenRefused::Unconfirmed => Refused::TokensUnconfirmed,
        }
    }
}

impl Refused {
    /// Names of the reasons in metrics, by number.
    pub const REASONS: [&'static str; 11] = [
        "missing",
        "malformed",
        "unknown",
        "expired",
        "revoked",
        "nobody",
        "keys_pending",
        "too_often",
        "not_allowed",
        "foreign",
        "tokens_unconfirmed",
    ];

    /// Name in logs.
    #[must_use]
    pub fn reason(self) -> &'static str {
        match self {
            Refused::Oidc(refused) => refused.name(),
            other => Self::REASONS[other.number()],
        }
    }

    /// Returns the reason in the form for callers and metrics.
    #[must_use]
    pub fn plain(self) -> Self {
        use oidc::Refused as Token;
        match self {
            Refused::Oidc(Token::KeysPending) => Refused::KeysPending,
            Refused::Oidc(Token::Expired) => Refused::Expired,
            Refused::Oidc(Token::TooLong | Token::Malformed | Token::Type | Token::Critical) => Refused::Malformed,
            Refused::Oidc(_) => Refused::Unknown,
            other => other,
        }
    }

    /// Index of the reason in [`Self::REASONS`].
    pub(super) fn number(self) -> usize {
        match self.plain() {
            Refused::Missing => 0,
            Refused::Malformed => 1,
            Refused::Unknown | Refused::Oidc(_) => 2,
            Refused::Expired => 3,
            Refused::Revoked => 4,
            Refused::Nobody => 5,
            Refused::KeysPending => 6,
            Refused::TooOften { .. } => 7,
            Refused::NotAllowed => 8,
            Refused::Foreign(_) => 9,
            Refused::TokensUnconfirmed => 10,
        }
    }
}
