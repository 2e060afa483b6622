//! Errors of calls that contact the vendor.

use std::collections::HashMap;
use std::time::Duration;

use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt};

use super::{DOMAIN, unavailable};
use crate::error_reason::ErrorReason;
use crate::ledger::outcome::Refusal;

/// Time after which another attempt to send a mail makes sense.
const RETRY_DELAY: Duration = Duration::from_secs(60);

/// The vendor's folder of licenses is not configured.
#[must_use]
pub fn no_folder() -> Status {
    let text = "This server does not know where the vendor's licenses lie: --license-url is not set.";
    missing(ErrorReason::NoLicenseUrl, "--license-url", text)
}

/// The vendor's address for license requests, or the mail server, is not configured.
#[must_use]
pub fn no_mailer() -> Status {
    let text = "This server cannot send requests: --license-request-to is not set, which needs --smtp-url.";
    missing(ErrorReason::NoRequestAddress, "--license-request-to", text)
}

fn missing(reason: ErrorReason, option: &str, text: &str) -> Status {
    Refusal::Precondition { reason, subject: option.to_owned(), text: text.to_owned() }.into()
}

/// The mail server does not accept a request for now.
#[must_use]
pub fn request_not_sent(why: &str) -> Status {
    unavailable(ErrorReason::RequestNotSent, &format!("The request was not sent: {why}"), RETRY_DELAY)
}

/// The mail server permanently rejects requests to this address.
#[must_use]
pub fn request_refused(why: &str) -> Status {
    let reason = ErrorReason::RequestRefused;
    let mut details = ErrorDetails::with_error_info(reason.name(), DOMAIN, HashMap::new());
    details.add_precondition_failure_violation(reason.name(), "--license-request-to", why);
    Status::with_error_details(Code::FailedPrecondition, format!("The request was not sent: {why}"), details)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_says_which_option_or_what_the_mail_server_said() {
        for (status, code, reason, text) in [
            (no_folder(), Code::FailedPrecondition, "NO_LICENSE_URL", "--license-url"),
            (no_mailer(), Code::FailedPrecondition, "NO_REQUEST_ADDRESS", "--license-request-to"),
            (request_not_sent("busy"), Code::Unavailable, "REQUEST_NOT_SENT", "busy"),
            (request_refused("no such mailbox"), Code::FailedPrecondition, "REQUEST_REFUSED", "no such mailbox"),
        ] {
            let info = status.get_details_error_info().expect("every error has ErrorInfo");
            assert_eq!((status.code(), info.reason.as_str(), info.domain.as_str()), (code, reason, "usher"));
            assert!(status.message().contains(text), "{status:?}");
            assert_eq!(status.get_details_retry_info().is_some(), code == Code::Unavailable);
        }
    }
}
