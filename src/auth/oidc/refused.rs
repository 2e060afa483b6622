//! Reasons for which a token is refused.

/// Reason for which a token is refused. It contains nothing of the token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    #[error("it is larger than {} bytes", super::MAX_TOKEN_BYTES)]
    TooLong,
    #[error("it is not a compact JWS, or its header is invalid")]
    Malformed,
    #[error("its type is neither JWT nor at+jwt")]
    Type,
    #[error("its header has a critical extension that is not supported")]
    Critical,
    #[error("its algorithm does not fit its key, or is not RS256, PS256, ES256 or EdDSA")]
    Algorithm,
    /// The key may be known in a moment: this is not a decision.
    #[error("the keys of its issuer are being fetched")]
    KeysPending,
    #[error("its issuer has no key with the key id that it names")]
    UnknownKey,
    #[error("its signature is invalid")]
    Signature,
    #[error("a required claim is missing or invalid: iss, aud, exp, nbf, iat or sub")]
    Claims,
    #[error("it has the wrong issuer")]
    Issuer,
    #[error("it has the wrong audience")]
    Audience,
    #[error("it has expired")]
    Expired,
    #[error("it is not valid yet")]
    NotYetValid,
}

impl Refused {
    pub const ALL: [Refused; 13] = [
        Refused::TooLong,
        Refused::Malformed,
        Refused::Type,
        Refused::Critical,
        Refused::Algorithm,
        Refused::KeysPending,
        Refused::UnknownKey,
        Refused::Signature,
        Refused::Claims,
        Refused::Issuer,
        Refused::Audience,
        Refused::Expired,
        Refused::NotYetValid,
    ];

    /// Name in logs; metrics have the plain reason only.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Refused::TooLong => "too_long",
            Refused::Malformed => "malformed",
            Refused::Type => "type",
            Refused::Critical => "critical",
            Refused::Algorithm => "algorithm",
            Refused::KeysPending => "keys_pending",
            Refused::UnknownKey => "unknown_key",
            Refused::Signature => "signature",
            Refused::Claims => "claims",
            Refused::Issuer => "issuer",
            Refused::Audience => "audience",
            Refused::Expired => "expired",
            Refused::NotYetValid => "not_yet_valid",
        }
    }
}
