//! Why there is no answer, or not the one that was hoped for.

use std::io;

use http::uri::Authority;
use tonic::{Code, Status};
use tonic_types::{ErrorInfo, StatusExt};

use crate::proto::v1::ItemError;

/// The domain of reasons that are Usher's own.
const DOMAIN: &str = "usher";

/// Reasons for which a document is not installed, beside `LICENSE_…`.
const OF_DOCUMENTS: [&str; 2] = ["PLANS_DISAGREE", "TOO_MANY_LICENSES"];

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("{0} cannot be reached: {1}; --address or USHER_ADDRESS names another one")]
    Unreachable(Authority, String),
    /// It said nothing, or that it could not decide: to ask once more does no harm.
    #[error("{0}")]
    Undecided(String),
    /// Its "no" to a license, with the reason.
    #[error("not valid: {0}")]
    NotValid(String),
    /// Its "no" to anything else, with the reason.
    #[error("{0}")]
    Refused(String),
    /// Its decision is "no", or it is "no" for some of several.
    #[error("{0}")]
    Denied(String),
    /// The answer is there, and cannot be written down.
    #[error("standard output: {0}")]
    Unwritten(io::Error),
}

impl Error {
    /// With the address, where that may be what is wrong.
    pub(super) fn at(self, address: &Authority) -> Self {
        match self {
            Error::Undecided(why) => Error::Undecided(format!("{address}: {why}")),
            other => other,
        }
    }

    /// Of something that is done piece by piece.
    pub(super) fn broken_off(self) -> Self {
        let again = "; what was done so far stands, and doing it once more does the rest";
        match self {
            Error::Undecided(why) => Error::Undecided(why + again),
            other => other,
        }
    }

    pub(super) fn no_answer_in_time() -> Self {
        Error::Undecided("no answer in time, see --timeout; whether it was carried out is not known".into())
    }
}

/// What Usher says in every error of its own.
fn info(status: &Status) -> Option<ErrorInfo> {
    status.get_details_error_info().filter(|info| info.domain == DOMAIN)
}

/// The "no" to one of several things that are asked for one after the other. `None`: it would be the same for the
/// others, or nothing was decided.
pub(super) fn of_one(status: &Status) -> Option<ItemError> {
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
            // The connection broke, or it is not Usher that listens there.
            return Error::Undecided(format!("no answer that Usher gives: {}", status.message()));
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

/// A document that is empty or too long is a malformed request.
fn names_document(status: &Status) -> bool {
    let fields = status.get_details_bad_request().map(|bad| bad.field_violations).unwrap_or_default();
    fields.iter().any(|violation| violation.field == "document")
}
