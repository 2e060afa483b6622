//! Refusals of commands.

use std::time::Duration;

use crate::error_reason::ErrorReason;

/// A rule, or a missing resource, that stands in the way of a command. Nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// `kind` is the resource's name in the API ("user"), `id` the caller's own.
    NotFound {
        kind: &'static str,
        id: String,
    },
    AlreadyExists {
        kind: &'static str,
        id: String,
    },
    /// A value that contradicts the others; `field` is its path in the message.
    Invalid {
        field: &'static str,
        text: &'static str,
    },
    /// `reason` is for programs, `subject` names the thing, `text` explains it.
    Precondition {
        reason: ErrorReason,
        subject: String,
        text: String,
    },
    /// The resource changed since the caller read it.
    StaleEtag,
    /// A rate is exceeded, and nothing was decided. `retry`: time until one more is accepted.
    TooOften {
        text: String,
        retry: Duration,
    },
}

impl Refusal {
    pub(in crate::ledger) fn not_found(kind: &'static str, id: impl ToString) -> Self {
        Refusal::NotFound { kind, id: id.to_string() }
    }

    pub(in crate::ledger) fn exists(kind: &'static str, id: impl ToString) -> Self {
        Refusal::AlreadyExists { kind, id: id.to_string() }
    }
}

/// Answer of a command that can be refused.
pub type Done<T> = Result<T, Refusal>;
