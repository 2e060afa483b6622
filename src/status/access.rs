//! Errors of calls that fail authentication or authorization, or that exceed a rate or a limit.

use std::collections::HashMap;
use std::time::Duration;

use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt};

use super::{DOMAIN, unavailable};
use crate::auth::Refused;
use crate::error_reason::ErrorReason;

/// The caller is authenticated, but may not call this method, or not for this tenant, or the tenant does not exist. The
/// error does not say which (R1).
#[must_use]
pub fn not_allowed() -> Status {
    let details = ErrorDetails::with_error_info(ErrorReason::NotAllowed.name(), DOMAIN, HashMap::new());
    let text = "This credential does not allow this call, or not for this tenant; nothing was done.";
    Status::with_error_details(Code::PermissionDenied, text, details)
}

/// Error of a call that the guard of the API refused.
#[must_use]
pub fn not_let_in(refused: Refused) -> Status {
    let unknown = |reason: ErrorReason, text: &str| {
        let details = ErrorDetails::with_error_info(reason.name(), DOMAIN, HashMap::new());
        Status::with_error_details(Code::Unauthenticated, text, details)
    };
    match refused.plain() {
        Refused::Missing => unknown(
            ErrorReason::CredentialMissing,
            "This server wants a credential: the header authorization with Bearer and a token, or a client \
             certificate.",
        ),
        Refused::Malformed => unknown(
            ErrorReason::CredentialMalformed,
            "The header authorization holds no credential that this server takes: it may be mistyped or cut.",
        ),
        Refused::Unknown | Refused::Oidc(_) => {
            unknown(ErrorReason::CredentialUnknown, "The credential is not known to this server.")
        }
        Refused::Expired => unknown(ErrorReason::CredentialExpired, "The credential has expired."),
        Refused::Revoked => unknown(ErrorReason::CredentialRevoked, "The credential was revoked."),
        Refused::Nobody => unknown(
            ErrorReason::CredentialUnknown,
            "The credential is genuine, and the server's access file does not say whom it stands for.",
        ),
        Refused::KeysPending => unavailable(
            ErrorReason::KeysPending,
            "The keys of the identity provider are being fetched; nothing was decided.",
            Duration::from_secs(1),
        ),
        Refused::TokensUnconfirmed => unavailable(
            ErrorReason::TokensUnconfirmed,
            "This server cannot tell at present which tokens were revoked; nothing was decided.",
            Duration::from_secs(1),
        ),
        Refused::TooOften { retry } => {
            exhausted(ErrorReason::TooManyFailures, "Too many calls from this address were not let in.", retry)
        }
        Refused::NotAllowed => not_allowed(),
        Refused::Foreign(foreign) => {
            let details = ErrorDetails::with_error_info(ErrorReason::ForeignRequest.name(), DOMAIN, HashMap::new());
            Status::with_error_details(Code::PermissionDenied, foreign.message(), details)
        }
    }
}

/// Too many calls that need no credential are open.
#[must_use]
pub fn too_many_anonymous_calls() -> Status {
    let text = "Too many calls that need no credential are open on this connection, from this address, or in all: end \
                others first, such as watches of health.";
    unavailable(ErrorReason::TooManyAnonymousCalls, text, Duration::from_secs(1))
}

/// The call has more header fields than are allowed.
#[must_use]
pub fn too_many_headers(fields: usize, max: usize) -> Status {
    let details = ErrorDetails::with_error_info(ErrorReason::TooManyHeaders.name(), DOMAIN, HashMap::new());
    let text = format!("The call has {fields} header fields; at most {max} are taken.");
    Status::with_error_details(Code::InvalidArgument, text, details)
}

/// The header fields of the call are longer than is allowed; in bytes.
#[must_use]
pub fn headers_too_large(bytes: usize, max: usize) -> Status {
    let details = ErrorDetails::with_error_info(ErrorReason::HeadersTooLarge.name(), DOMAIN, HashMap::new());
    let text = format!(
        "The headers of the call have {bytes} bytes; at most {max} are taken (--max-headers). An access token with many \
         groups can be so long."
    );
    Status::with_error_details(Code::InvalidArgument, text, details)
}

/// The client sent nothing on its stream for too long.
#[must_use]
pub fn idle() -> Status {
    unavailable(ErrorReason::WatchEnded, "Nothing came on this stream for too long.", Duration::from_secs(1))
}

/// The server's rate of check-outs is exceeded; `retry`: time until the next one is allowed.
#[must_use]
pub fn too_many_check_outs(whose: &str, retry: Duration) -> Status {
    exhausted(ErrorReason::RateLimited, &format!("Too many check-outs of one {whose}; nothing was decided."), retry)
}

/// `RESOURCE_EXHAUSTED`; never used because no seat is free (R19).
pub(super) fn exhausted(reason: ErrorReason, text: &str, retry: Duration) -> Status {
    let mut details = ErrorDetails::with_error_info(reason.name(), DOMAIN, HashMap::new());
    // Clients round the delay to whole milliseconds.
    details.set_retry_info(Some(retry.max(Duration::from_millis(1))));
    Status::with_error_details(Code::ResourceExhausted, text, details)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::Foreign;

    #[test]
    fn every_refusal_has_a_code_and_a_reason() {
        for (refused, code, reason) in [
            (Refused::Missing, Code::Unauthenticated, "CREDENTIAL_MISSING"),
            (Refused::Malformed, Code::Unauthenticated, "CREDENTIAL_MALFORMED"),
            (Refused::Unknown, Code::Unauthenticated, "CREDENTIAL_UNKNOWN"),
            (Refused::Expired, Code::Unauthenticated, "CREDENTIAL_EXPIRED"),
            (Refused::Revoked, Code::Unauthenticated, "CREDENTIAL_REVOKED"),
            (Refused::Nobody, Code::Unauthenticated, "CREDENTIAL_UNKNOWN"),
            (Refused::KeysPending, Code::Unavailable, "KEYS_PENDING"),
            (Refused::TokensUnconfirmed, Code::Unavailable, "TOKENS_UNCONFIRMED"),
            (Refused::TooOften { retry: Duration::ZERO }, Code::ResourceExhausted, "TOO_MANY_FAILURES"),
            (Refused::NotAllowed, Code::PermissionDenied, "NOT_ALLOWED"),
            (Refused::Foreign(Foreign::Host), Code::PermissionDenied, "FOREIGN_REQUEST"),
        ] {
            let status = not_let_in(refused);
            let info = status.get_details_error_info().expect("every error has ErrorInfo");
            assert_eq!((status.code(), info.reason.as_str(), info.domain.as_str()), (code, reason, "usher"));
            let retry = status.get_details_retry_info().and_then(|info| info.retry_delay);
            let again = [Code::Unavailable, Code::ResourceExhausted].contains(&code);
            assert_eq!(retry.is_some_and(|delay| !delay.is_zero()), again, "{status:?}");
        }
        assert_eq!(too_many_check_outs("user", Duration::from_secs(2)).code(), Code::ResourceExhausted);
    }
}
