//! Why a call was not let in.

use std::time::Duration;

use super::{Foreign, TokenRefused, oidc};

/// Why a call was not let in. Nothing of a credential is in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// There was no credential, and one is needed.
    Missing,
    /// It has no form that there is.
    Malformed,
    /// Its form is right, and nobody here knows it.
    Unknown,
    Expired,
    Revoked,
    /// It is good, and stands for nobody: no rule of the access file is about it.
    Nobody,
    /// The keys that it is signed with are being fetched.
    KeysPending,
    /// The address has failed too often. Good credentials pass all the same.
    TooOften {
        retry: Duration,
    },
    /// The caller is known, and the call is not for them.
    NotAllowed,
    /// No credential is needed, and the request is not meant for this server, or is a foreign page's.
    Foreign(Foreign),
    /// A token of the identity provider.
    Oidc(oidc::Refused),
}

impl From<TokenRefused> for Refused {
    fn from(refused: TokenRefused) -> Self {
        match refused {
            TokenRefused::Unknown => Refused::Unknown,
            TokenRefused::Expired => Refused::Expired,
            TokenRefused::Revoked => Refused::Revoked,
        }
    }
}

impl Refused {
    pub const REASONS: [&'static str; 10] = [
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
    ];

    /// Its name in logs.
    #[must_use]
    pub fn reason(self) -> &'static str {
        match self {
            Refused::Oidc(refused) => refused.name(),
            other => Self::REASONS[other.number()],
        }
    }

    /// What it comes down to, for whoever is told and for metrics.
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
        }
    }
}
