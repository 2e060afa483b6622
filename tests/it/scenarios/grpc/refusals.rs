//! Reads refusals back from statuses and from the errors of items.

use tonic::{Code, Status};
use tonic_types::StatusExt;
use usher::error_reason::ErrorReason;
use usher::ledger::outcome::Refusal;
use usher::proto::v1;

/// The refusal that a status carries.
pub fn refusal(status: &Status) -> Refusal {
    let (reason, metadata) =
        status.get_details_error_info().map(|info| (info.reason, info.metadata)).unwrap_or_default();
    let of = |key: &str| metadata.get(key).cloned().unwrap_or_default();
    let text = status.message().to_owned();
    match status.code() {
        Code::NotFound => Refusal::NotFound { kind: kept(of("resource")), id: of("id") },
        Code::AlreadyExists => Refusal::AlreadyExists { kind: kept(of("resource")), id: of("id") },
        Code::Aborted => Refusal::StaleEtag,
        Code::InvalidArgument => {
            let fields = status.get_details_bad_request().map(|bad| bad.field_violations).unwrap_or_default();
            let field = fields.into_iter().next().map_or(reason, |field| field.field);
            Refusal::Invalid { field: kept(field), text: kept(text) }
        }
        Code::ResourceExhausted => Refusal::TooOften { text, retry: Default::default() },
        _ => Refusal::Precondition { reason: known(&reason), subject: String::new(), text },
    }
}

/// The refusal of one item of a batch, whose kind of resource only the message tells.
pub fn of_item(error: &v1::ItemError) -> Refusal {
    match error.reason.as_str() {
        "RESOURCE_NOT_FOUND" => {
            let kind = error.message.strip_prefix("There is no ").and_then(|rest| rest.split(' ').next());
            Refusal::NotFound { kind: kept(kind.unwrap_or_default().to_owned()), id: String::new() }
        }
        reason => Refusal::Precondition { reason: known(reason), subject: String::new(), text: error.message.clone() },
    }
}

/// The reason of this name.
fn known(name: &str) -> ErrorReason {
    ErrorReason::from_str_name(&format!("ERROR_REASON_{name}")).unwrap_or_else(|| panic!("no reason {name:?}"))
}

/// Fields and kinds are constants of the ledger.
fn kept(text: String) -> &'static str {
    Box::leak(text.into_boxed_str())
}
