//! Errors of calls that exceed the number of permits of the server, or the share of their tenant or caller.

use std::time::Duration;

use tonic::Status;

use super::unavailable;
use crate::auth::shares::Full;
use crate::error_reason::ErrorReason;

/// A kind of permits.
#[derive(Debug)]
pub struct Scarce {
    reason: ErrorReason,
    /// Name of the thing that a permit is for, in the plural, followed by the sentence part about the consequence.
    name: &'static str,
    undone: &'static str,
    retry: Duration,
}

/// Permits for watches of sessions.
pub const WATCHERS: Scarce = Scarce {
    reason: ErrorReason::TooManyWatchers,
    name: "watches of sessions",
    undone: "nothing is watched",
    retry: Duration::from_secs(10),
};
/// Permits for directory syncs.
pub const SYNCS: Scarce = Scarce {
    reason: ErrorReason::TooManySyncs,
    name: "syncs of directories",
    undone: "nothing was done",
    retry: Duration::from_secs(30),
};
/// Permits for exports of users and of the audit.
pub const EXPORTS: Scarce = Scarce {
    reason: ErrorReason::TooManyExports,
    name: "exports",
    undone: "nothing was read",
    retry: Duration::from_secs(30),
};
/// Permits for bytes of large requests.
pub const UPLOADS: Scarce = Scarce {
    reason: ErrorReason::Overloaded,
    name: "bytes of large requests",
    undone: "nothing was decided",
    retry: Duration::from_millis(500),
};

/// No permit is free; the message says whose share is used up.
#[must_use]
pub fn no_permit(kind: &Scarce, full: Full) -> Status {
    let Scarce { reason, name, undone, retry } = kind;
    let text = match full {
        Full::All => format!("There are as many {name} at once as this server takes; {undone}."),
        Full::Tenant(share) => format!("This tenant has its share of {name} at once, which is {share}; {undone}."),
        Full::Caller(share) => format!("This caller has its share of {name} at once, which is {share}; {undone}."),
    };
    unavailable(*reason, &text, *retry)
}

#[cfg(test)]
mod tests {
    use tonic::Code;
    use tonic_types::StatusExt;

    use super::*;

    #[test]
    fn whose_share_is_used_up_is_said() {
        for (kind, reason) in [
            (&WATCHERS, "TOO_MANY_WATCHERS"),
            (&SYNCS, "TOO_MANY_SYNCS"),
            (&EXPORTS, "TOO_MANY_EXPORTS"),
            (&UPLOADS, "OVERLOADED"),
        ] {
            for (full, whose) in
                [(Full::All, "this server"), (Full::Tenant(2), "This tenant"), (Full::Caller(2), "This caller")]
            {
                let status = no_permit(kind, full);
                assert_eq!(status.code(), Code::Unavailable);
                assert!(status.message().contains(whose), "{status:?}");
                assert_eq!(status.get_details_error_info().expect("a reason").reason, reason);
                assert!(status.get_details_retry_info().is_some_and(|retry| retry.retry_delay.is_some()));
            }
        }
    }
}
