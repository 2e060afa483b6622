//! Errors of commands that call a server: no answer, or a negative one.

use std::io;

use http::uri::Authority;
use tonic::{Code, Status};
use tonic_types::{ErrorInfo, StatusExt};

use crate::failure::Failure;
use crate::proto::v1::ItemError;

/// Domain of the error reasons that Usher defines.
const DOMAIN: &str = "usher";

/// Reasons for which a document is not installed, beside `LICENSE_…`.
const OF_DOCUMENTS: [&str; 2] = ["PLANS_DISAGREE", "TOO_MANY_LICENSES"];

/// The reason for which such a command fails.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("{0} cannot be reached: {1}; --address or USHER_ADDRESS names another one")]
    Unreachable(Authority, String),
    /// There is no answer, or the server could not decide; the call can safely be repeated.
    #[error("{0}")]
    Undecided(String),
    /// A license was refused, with the reason.
    #[error("not valid: {0}")]
    NotValid(String),
    /// Anything else was refused, with the reason.
    #[error("{0}")]
    Refused(String),
    /// The decision is a denial, or at least one of several is.
    #[error("{0}")]
    Denied(String),
    /// The answer cannot be written to standard output.
    #[error("standard output: {0}")]
    Unwritten(io::Error),
}

impl Error {
    /// Adds the address, if it may be the cause.
    pub(crate) fn at(self, address: &Authority) -> Self {
        match self {
            Error::Undecided(why) => Error::Undecided(format!("{address}: {why}")),
            other => other,
        }
    }

    /// Adds a hint for calls that are carried out in parts.
    pub(crate) fn broken_off(self) -> Self {
        let again = "; what was done so far stands: run it again for the rest";
        match self {
            Error::Undecided(why) => Error::Undecided(why + again),
            other => other,
        }
    }

    pub(crate) fn no_answer_in_time() -> Self {
        Error::Undecided("no answer in time, see --timeout; whether it was carried out is not known".into())
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let message = error.to_string();
        match error {
            Error::Unreachable(..) | Error::Undecided(_) => Failure::NoAnswer(message),
            Error::NotValid(_) => Failure::LicenseNotValid(message),
            Error::Refused(_) => Failure::Refused(message),
            Error::Denied(_) => Failure::Denied(message),
            Error::Unwritten(_) => Failure::Unexpected(anyhow::anyhow!(message)),
        }
    }
}

/// The details that every error of Usher's own contains.
fn info(status: &Status) -> Option<ErrorInfo> {
    status.get_details_error_info().filter(|info| info.domain == DOMAIN)
}

/// The refusal of one item of several, which are sent in separate calls. `None`: the other items would be refused, too,
/// or nothing was decided.
pub(crate) fn of_one(status: &Status) -> Option<ItemError> {
    let info = info(status)?;
    let of_all = info.metadata.get("resource").is_some_and(|resource| resource == "tenant");
    let decided = [Code::NotFound, Code::AlreadyExists, Code::FailedPrecondition, Code::InvalidArgument];
    let item = ItemError { reason: info.reason, message: status.message().to_owned() };
    (decided.contains(&status.code()) && !of_all).then_some(item)
}

impl From<Status> for Error {
    fn from(status: Status) -> Self {
        let Some(info) = info(&status) else {
            if matches!(status.code(), Code::Cancelled | Code::DeadlineExceeded) {
                return Error::no_answer_in_time();
            }
            // The connection broke, or another server listens at this address.
            return Error::Undecided(format!("unexpected answer: {}", status.message()));
        };
        let message = format!("{} ({})", status.message(), info.reason);
        if matches!(status.code(), Code::Unavailable | Code::DeadlineExceeded) {
            return Error::Undecided(message);
        }
        let reason = &*info.reason;
        if reason.starts_with("LICENSE_") || OF_DOCUMENTS.contains(&reason) || names_document(&status) {
            return Error::NotValid(message);
        }
        Error::Refused(message)
    }
}

/// True if the service refused the document as empty or too long, which it does as a malformed request.
fn names_document(status: &Status) -> bool {
    let fields = status.get_details_bad_request().map(|bad| bad.field_violations).unwrap_or_default();
    fields.iter().any(|violation| violation.field == "document")
}
