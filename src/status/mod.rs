//! Makes every gRPC status. An error means that nothing was decided (R19). It carries `google.rpc.ErrorInfo` with the
//! domain `usher` and a reason, one of [`ErrorReason`].

mod access;
mod ceiling;
mod exchange;
mod journal;
mod repeated;
pub mod routing;
mod scarce;
mod violations;

use std::collections::HashMap;
use std::time::Duration;

use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt};

pub use access::{
    headers_too_large, idle, not_allowed, not_let_in, too_many_anonymous_calls, too_many_check_outs, too_many_headers,
};
pub use ceiling::too_many_to_block;
pub use exchange::{no_folder, no_mailer, request_not_sent, request_refused};
pub use journal::{not_applied, unread};
pub use repeated::{Repeated, half_done, outcome_unknown, sent_elsewhere};
pub use scarce::{EXPORTS, SYNCS, Scarce, UPLOADS, WATCHERS, no_permit};
pub use violations::{FieldViolation, FieldViolations};

use crate::error_reason::ErrorReason;
use crate::ids::TenantId;
use crate::ledger::outcome::Refusal;
use crate::license::Rejection;

const DOMAIN: &str = "usher";

/// Bytes of details of an error: they are sent base64-encoded in a trailer, and clients refuse trailers above 8 KiB.
const MAX_DETAIL_BYTES: usize = 3_072;

/// Number of fields that the message of a status names; `BadRequest` names those that fit into [`MAX_DETAIL_BYTES`].
const FIELDS_IN_MESSAGE: usize = 3;

impl From<FieldViolations> for Status {
    fn from(problems: FieldViolations) -> Status {
        let problems = problems.into_vec();
        let mut left = MAX_DETAIL_BYTES;
        let shown = problems.iter().take_while(|problem| {
            let size = problem.field.len() + problem.text.len();
            let fits = size <= left;
            left = left.saturating_sub(size);
            fits
        });
        let mut details = ErrorDetails::new();
        for FieldViolation { field, text } in shown {
            details.add_bad_request_violation(field, text);
        }
        let mut metadata = HashMap::new();
        let left_out = problems.len() - details.bad_request().map_or(0, |bad| bad.field_violations.len());
        if left_out > 0 {
            metadata.insert("fields_left_out".to_owned(), left_out.to_string());
        }
        details.set_error_info(ErrorReason::InvalidRequest.name(), DOMAIN, metadata);
        Status::with_error_details(Code::InvalidArgument, fields_message(&problems), details)
    }
}

fn fields_message(problems: &[FieldViolation]) -> String {
    let mut message = problems.iter().take(FIELDS_IN_MESSAGE).map(ToString::to_string).collect::<Vec<_>>().join("; ");
    if problems.len() > FIELDS_IN_MESSAGE {
        message.push_str(&format!("; and {} more", problems.len() - FIELDS_IN_MESSAGE));
    }
    message
}

impl From<Refusal> for Status {
    fn from(refusal: Refusal) -> Status {
        if let Refusal::Invalid { field, text } = refusal {
            let mut problems = FieldViolations::default();
            problems.add(field, text);
            return problems.into();
        }
        let (reason, message) = explain(&refusal);
        let mut details = ErrorDetails::with_error_info(reason.name(), DOMAIN, HashMap::new());
        let code = match refusal {
            Refusal::NotFound { kind, id } => {
                details.set_error_info(reason.name(), DOMAIN, resource(kind, id));
                Code::NotFound
            }
            Refusal::AlreadyExists { kind, id } => {
                details.set_error_info(reason.name(), DOMAIN, resource(kind, id));
                Code::AlreadyExists
            }
            Refusal::Precondition { reason, subject, text } => {
                details.add_precondition_failure_violation(reason.name(), subject, text);
                Code::FailedPrecondition
            }
            Refusal::StaleEtag => Code::Aborted,
            Refusal::Invalid { .. } => Code::InvalidArgument,
            Refusal::TooOften { text, retry } => return access::exhausted(reason, &text, retry),
        };
        Status::with_error_details(code, message, details)
    }
}

/// Returns the reason of a refusal and a sentence for people, the same for an error and for one item of a batch.
pub fn explain(refusal: &Refusal) -> (ErrorReason, String) {
    match refusal {
        Refusal::NotFound { kind, id } => (ErrorReason::ResourceNotFound, format!("There is no {kind} \"{id}\".")),
        Refusal::AlreadyExists { kind, id } => {
            (ErrorReason::ResourceExists, format!("There is {} {kind} \"{id}\" already.", article(kind)))
        }
        Refusal::Precondition { reason, text, .. } => (*reason, text.clone()),
        Refusal::Invalid { field, text } => (ErrorReason::InvalidRequest, format!("{field} {text}")),
        Refusal::TooOften { text, .. } => (ErrorReason::RateLimited, text.clone()),
        Refusal::StaleEtag => {
            (ErrorReason::StaleEtag, "It was changed since its etag was read: read it again, then change it.".into())
        }
    }
}

/// "user" and "unit" begin with a consonant sound.
fn article(noun: &str) -> &'static str {
    if noun.starts_with(['a', 'e', 'i', 'o']) { "an" } else { "a" }
}

fn resource(kind: &str, id: String) -> HashMap<String, String> {
    HashMap::from([("resource".to_owned(), kind.to_owned()), ("id".to_owned(), id)])
}

/// A license document that is not installed: `INVALID_ARGUMENT` when it cannot be read; otherwise it is well-formed but
/// a rule forbids it, `FAILED_PRECONDITION`.
pub fn rejected(rejection: &Rejection) -> Status {
    let reason = rejection.reason();
    let mut details = ErrorDetails::with_error_info(reason.name(), DOMAIN, HashMap::new());
    let code = if let Rejection::Malformed(wrong) = rejection {
        details.add_bad_request_violation("document", wrong.to_string());
        Code::InvalidArgument
    } else {
        details.add_precondition_failure_violation(reason.name(), "document", rejection.to_string());
        Code::FailedPrecondition
    };
    Status::with_error_details(code, rejection.to_string(), details)
}

pub fn no_such_tenant(tenant: &TenantId) -> Status {
    Refusal::NotFound { kind: "tenant", id: tenant.to_string() }.into()
}

/// Too many requests are waiting.
#[must_use]
pub fn overloaded() -> Status {
    let text = "Too many requests are waiting; nothing was decided.";
    unavailable(ErrorReason::Overloaded, text, Duration::from_millis(500))
}

/// The process is shutting down.
#[must_use]
pub fn draining() -> Status {
    unavailable(ErrorReason::Draining, "This server is shutting down; nothing was decided.", Duration::from_secs(1))
}

/// The process is shutting down during an export.
pub fn export_broken_off() -> Status {
    let text = "This server is shutting down: the file is not whole; export it once more.";
    unavailable(ErrorReason::Draining, text, Duration::from_secs(1))
}

/// The process is shutting down during a sync.
pub fn sync_broken_off() -> Status {
    let text = "This server is shutting down: what the sync did so far stands; do it once more for the rest.";
    unavailable(ErrorReason::Draining, text, Duration::from_secs(1))
}

/// The server ended a watch.
#[must_use]
pub fn watch_ended() -> Status {
    let text = "The watch has ended: connect again, and resume from the last cursor.";
    unavailable(ErrorReason::WatchEnded, text, Duration::from_secs(1))
}

/// The deadline of the call passed before its answer was ready.
#[must_use]
pub fn deadline_exceeded() -> Status {
    let details = ErrorDetails::with_error_info(ErrorReason::DeadlineExceeded.name(), DOMAIN, HashMap::new());
    let text = "The deadline passed; whether the call was carried out is not known.";
    Status::with_error_details(Code::DeadlineExceeded, text, details)
}

/// The ledger is not loaded yet.
#[must_use]
pub fn loading() -> Status {
    unavailable(ErrorReason::Loading, "This server is starting; nothing was decided.", Duration::from_secs(1))
}

/// There is no such method.
#[must_use]
pub fn no_such_method(path: &str) -> Status {
    let details = ErrorDetails::with_error_info(ErrorReason::NoSuchMethod.name(), DOMAIN, HashMap::new());
    Status::with_error_details(Code::Unimplemented, format!("There is no method {path}."), details)
}

/// The bytes of a request could not be read; `why` is tonic's error. Errors of this module have details; one without
/// was made by tonic before a handler saw the request.
#[must_use]
pub fn unreadable(why: &Status) -> Status {
    let details = ErrorDetails::with_error_info(ErrorReason::UnreadableRequest.name(), DOMAIN, HashMap::new());
    // Unsupported compression stays `UNIMPLEMENTED`: on that code, clients retry without compression.
    let code = if why.code() == Code::Unimplemented { Code::Unimplemented } else { Code::InvalidArgument };
    let mut status =
        Status::with_error_details(code, format!("The request cannot be read: {}", why.message()), details);
    *status.metadata_mut() = why.metadata().clone();
    status
}

/// A message is longer than `bytes`, the maximum for a method that needs no credential.
#[must_use]
pub fn long_for_anybody(bytes: usize) -> Status {
    unreadable(&Status::out_of_range(format!("a method that needs no credential takes at most {bytes} bytes")))
}

/// A defect of the service. Its cause is in the log and is not sent to callers.
#[must_use]
pub fn internal() -> Status {
    let details = ErrorDetails::with_error_info(ErrorReason::Internal.name(), DOMAIN, HashMap::new());
    Status::with_error_details(Code::Internal, "Internal error. The server's log has the details.", details)
}

/// `retry`: time after which another attempt makes sense.
fn unavailable(reason: ErrorReason, text: &str, retry: Duration) -> Status {
    let mut details = ErrorDetails::with_error_info(reason.name(), DOMAIN, HashMap::new());
    details.set_retry_info(Some(retry));
    Status::with_error_details(Code::Unavailable, text, details)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Code and reason of an error. The domain is always "usher".
    fn shape(status: &Status) -> (Code, String) {
        let info = status.get_details_error_info().expect("every error has ErrorInfo");
        assert_eq!(info.domain, "usher");
        (status.code(), info.reason)
    }

    pub(super) fn check(status: Status, code: Code, reason: &str) -> Status {
        assert_eq!(shape(&status), (code, reason.to_owned()), "{status:?}");
        assert!(!status.message().is_empty());
        let retry = status.get_details_retry_info().and_then(|info| info.retry_delay);
        assert_eq!(retry.is_some_and(|delay| !delay.is_zero()), code == Code::Unavailable, "{status:?}");
        status
    }

    fn problems(fields: &[&str]) -> FieldViolations {
        let mut problems = FieldViolations::default();
        for field in fields {
            problems.add(*field, "must not be empty");
        }
        problems
    }

    #[test]
    fn a_bad_request_names_every_field() {
        let fields = ["tenant_id", "user_ids[3]", "heartbeats[2].session_id", "policy.lease_ttl"];
        let status = check(problems(&fields).into(), Code::InvalidArgument, "INVALID_REQUEST");
        let named = status.get_details_bad_request().unwrap().field_violations;
        assert_eq!(named.iter().map(|violation| violation.field.as_str()).collect::<Vec<_>>(), fields);
        assert!(named.iter().all(|violation| violation.description == "must not be empty"));
        assert_eq!(
            status.message(),
            "tenant_id must not be empty; user_ids[3] must not be empty; \
             heartbeats[2].session_id must not be empty; and 1 more"
        );
    }

    #[test]
    fn a_thousand_bad_fields_still_fit_in_a_trailer() {
        let fields: Vec<String> = (0..1_000).map(|at| format!("user_ids[{at}]")).collect();
        let status: Status = problems(&fields.iter().map(String::as_str).collect::<Vec<_>>()).into();
        assert!(status.details().len() * 4 / 3 + status.message().len() < 7_000, "{}", status.details().len());
        let named = status.get_details_bad_request().unwrap().field_violations.len();
        let left_out: usize = status.get_details_error_info().unwrap().metadata["fields_left_out"].parse().unwrap();
        assert!(named > 50, "{named}");
        assert_eq!(named + left_out, 1_000);
    }

    #[test]
    fn refusals() {
        let missing = Refusal::NotFound { kind: "user", id: "ann".into() };
        let status = check(missing.into(), Code::NotFound, "RESOURCE_NOT_FOUND");
        assert_eq!(status.message(), "There is no user \"ann\".");
        let metadata = status.get_details_error_info().unwrap().metadata;
        assert_eq!((metadata["resource"].as_str(), metadata["id"].as_str()), ("user", "ann"));

        for (kind, shown) in [("tenant", "a tenant"), ("user", "a user"), ("organization", "an organization")] {
            let double = Refusal::AlreadyExists { kind, id: "acme".into() };
            let status = check(double.into(), Code::AlreadyExists, "RESOURCE_EXISTS");
            assert_eq!(status.get_details_error_info().unwrap().metadata["id"], "acme");
            assert_eq!(status.message(), format!("There is {shown} \"acme\" already."));
        }

        let rule =
            Refusal::Precondition { reason: ErrorReason::SessionInUse, subject: "s1".into(), text: "in use".into() };
        let status = check(rule.into(), Code::FailedPrecondition, "SESSION_IN_USE");
        let violation = status.get_details_precondition_failure().unwrap().violations.remove(0);
        assert_eq!(
            (violation.r#type.as_str(), violation.subject.as_str(), violation.description.as_str()),
            ("SESSION_IN_USE", "s1", "in use")
        );

        let nonsense = Refusal::Invalid { field: "policy.away_after", text: "must be shorter" };
        let status = check(nonsense.into(), Code::InvalidArgument, "INVALID_REQUEST");
        assert_eq!(status.get_details_bad_request().unwrap().field_violations[0].field, "policy.away_after");

        check(Refusal::StaleEtag.into(), Code::Aborted, "STALE_ETAG");
    }

    #[test]
    fn the_service_itself() {
        check(draining(), Code::Unavailable, "DRAINING");
        check(overloaded(), Code::Unavailable, "OVERLOADED");
        check(too_many_anonymous_calls(), Code::Unavailable, "TOO_MANY_ANONYMOUS_CALLS");
        check(idle(), Code::Unavailable, "WATCH_ENDED");
        check(too_many_headers(500, 128), Code::InvalidArgument, "TOO_MANY_HEADERS");
        check(headers_too_large(20_000, 16_384), Code::InvalidArgument, "HEADERS_TOO_LARGE");
        check(export_broken_off(), Code::Unavailable, "DRAINING");
        check(sync_broken_off(), Code::Unavailable, "DRAINING");
        check(watch_ended(), Code::Unavailable, "WATCH_ENDED");
        check(deadline_exceeded(), Code::DeadlineExceeded, "DEADLINE_EXCEEDED");
        check(internal(), Code::Internal, "INTERNAL");
        check(loading(), Code::Unavailable, "LOADING");
        check(not_allowed(), Code::PermissionDenied, "NOT_ALLOWED");
        check(no_such_method("/a.B/C"), Code::Unimplemented, "NO_SUCH_METHOD");
        for made_by_tonic in [Status::internal("not a message"), Status::out_of_range("too long")] {
            check(unreadable(&made_by_tonic), Code::InvalidArgument, "UNREADABLE_REQUEST");
        }
        check(unreadable(&Status::unimplemented("zip")), Code::Unimplemented, "UNREADABLE_REQUEST");
    }
}
