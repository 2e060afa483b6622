//! Errors of the journal, and of several shards together: why a call has no answer.

use std::time::Duration;

use tonic::Status;

use super::repeated::outcome_unknown;
use super::routing::{Routing, marked};
use super::{draining, internal, no_such_tenant, overloaded, unavailable};
use crate::error_reason::ErrorReason;
use crate::ids::{ShardId, TenantId};
use crate::journal::{AuditError, JournalError};
use crate::shards::ShardsError;

impl From<JournalError> for Status {
    fn from(error: JournalError) -> Status {
        let retry = Duration::from_secs(1);
        match error {
            JournalError::Overloaded => overloaded(),
            JournalError::StoreAway => {
                unavailable(ErrorReason::StoreUnavailable, "The store does not answer; nothing was decided.", retry)
            }
            JournalError::NotWritten => unavailable(
                ErrorReason::StoreUnavailable,
                "The store does not accept changes at present; this one is kept, and may be applied later.",
                retry,
            ),
            JournalError::NotApplied(shard) => not_applied(shard),
            JournalError::OutcomeUnknown(shard) => marked(outcome_unknown(), Routing::Unknown(shard)),
            JournalError::NoLease(shard) => {
                let text = "This node does not know whether it still serves this tenant, or another one does; nothing \
                            was answered: send the call again.";
                marked(unavailable(ErrorReason::NoLease, text, retry), Routing::NoLease(shard))
            }
            JournalError::Stopping => draining(),
            JournalError::Failed => internal(),
        }
    }
}

/// Another process holds the shard. Marked.
#[must_use]
pub fn not_applied(shard: ShardId) -> Status {
    let text = "Another node serves this tenant; nothing was decided: send the call again.";
    marked(unavailable(ErrorReason::NotOwner, text, Duration::from_secs(1)), Routing::NotApplied(shard))
}

impl From<ShardsError> for Status {
    fn from(error: ShardsError) -> Status {
        match error {
            ShardsError::Journal(error) => error.into(),
            // Not marked: the call as a whole belongs to no other node.
            ShardsError::OwnerAway(_) => {
                let text = "A part of this belongs to another node, which does not answer; nothing was decided.";
                unavailable(ErrorReason::NotOwner, text, Duration::from_secs(1))
            }
        }
    }
}

/// Audit events of a tenant could not be read.
pub fn unread(error: AuditError, tenant: &TenantId) -> Status {
    match error {
        AuditError::Journal(error) => error.into(),
        AuditError::NoSuchTenant => no_such_tenant(tenant),
        // Log the store's error, but do not send it to callers: it may name hosts or tables.
        AuditError::Store(error) => {
            tracing::warn!(%error, "audit events were not read");
            JournalError::StoreAway.into()
        }
    }
}

#[cfg(test)]
mod tests {
    use tonic::Code;

    use super::super::routing::take;
    use super::super::tests::check;
    use super::*;
    use crate::store::StoreError;

    #[test]
    fn what_the_journal_could_not_do() {
        check(JournalError::Overloaded.into(), Code::Unavailable, "OVERLOADED");
        check(JournalError::StoreAway.into(), Code::Unavailable, "STORE_UNAVAILABLE");
        check(JournalError::NotWritten.into(), Code::Unavailable, "STORE_UNAVAILABLE");
        check(JournalError::Stopping.into(), Code::Unavailable, "DRAINING");
        check(JournalError::Failed.into(), Code::Internal, "INTERNAL");
    }

    #[test]
    fn what_another_node_may_answer_is_marked() {
        let shard = ShardId(3);
        for (error, reason, routing) in [
            (JournalError::NotApplied(shard), "NOT_OWNER", Routing::NotApplied(shard)),
            (JournalError::OutcomeUnknown(shard), "OUTCOME_UNKNOWN", Routing::Unknown(shard)),
            (JournalError::NoLease(shard), "NO_LEASE", Routing::NoLease(shard)),
        ] {
            let status = check(error.into(), Code::Unavailable, reason);
            let mut headers = status.into_http::<()>().into_parts().0.headers;
            assert_eq!(take(&mut headers), Some(routing));
        }
        let status: Status = JournalError::StoreAway.into();
        assert_eq!(take(&mut status.into_http::<()>().into_parts().0.headers), None, "nobody else has the store");
    }

    #[test]
    fn what_several_nodes_could_not_do_together_is_sent_to_no_other() {
        check(ShardsError::Journal(JournalError::Overloaded).into(), Code::Unavailable, "OVERLOADED");
        let status = check(ShardsError::OwnerAway(ShardId(0)).into(), Code::Unavailable, "NOT_OWNER");
        assert_eq!(take(&mut status.into_http::<()>().into_parts().0.headers), None);
    }

    #[test]
    fn why_the_audit_was_not_read() {
        let acme = TenantId::stored("acme");
        let status = check(unread(AuditError::NoSuchTenant, &acme), Code::NotFound, "RESOURCE_NOT_FOUND");
        assert_eq!(status.message(), "There is no tenant \"acme\".");
        check(unread(JournalError::Overloaded.into(), &acme), Code::Unavailable, "OVERLOADED");
        let store = AuditError::Store(StoreError("no route to db.internal".into()));
        let status = check(unread(store, &acme), Code::Unavailable, "STORE_UNAVAILABLE");
        assert!(!status.message().contains("db.internal"));
    }
}
