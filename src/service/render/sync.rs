//! Renders the results of SyncUsers.

use crate::error_reason::ErrorReason;
use crate::ids::{PoolId, UserId};
use crate::ledger::change::BlockCause;
use crate::ledger::command::{Synced, SyncedUser};
use crate::ledger::outcome::{DenialReason, Done};
use crate::proto::v1;
use crate::service::names::{denial_reason, user_state};
use crate::status::{self, FieldViolations};

/// Maximum number of denials in the result of one user.
const MAX_DENIALS: usize = 20;

/// Renders the result of an entry before users who wait for a seat are activated.
pub fn synced(id: &UserId, synced: Done<SyncedUser>) -> v1::SyncResult {
    let SyncedUser { outcome, blocked, denials, .. } = match synced {
        Ok(synced) => synced,
        Err(refusal) => {
            let (reason, message) = status::explain(&refusal);
            return refused(id.to_string(), reason, message);
        }
    };
    let error = (outcome == Synced::Refused).then(|| no_seat(&denials));
    let outcome = match outcome {
        Synced::Unchanged => v1::SyncOutcome::Unchanged,
        Synced::Created if blocked == Some(BlockCause::LicenseLimit) => v1::SyncOutcome::CreatedBlocked,
        Synced::Created => v1::SyncOutcome::Created,
        Synced::Updated => v1::SyncOutcome::Updated,
        Synced::Activated => v1::SyncOutcome::Activated,
        Synced::Refused => v1::SyncOutcome::Refused,
    };
    v1::SyncResult {
        user_id: id.to_string(),
        outcome: outcome.into(),
        block_cause: user_state(blocked).1.into(),
        denial_count: u32::try_from(denials.len()).unwrap_or(u32::MAX),
        denials: denials.into_iter().take(MAX_DENIALS).map(|(pool, reason)| denial(&pool, reason)).collect(),
        error,
    }
}

/// The error of a refused user; it names only the first full pool.
fn no_seat(denials: &[(PoolId, DenialReason)]) -> v1::ItemError {
    let full = denials.iter().find(|(_, reason)| *reason == DenialReason::SeatsExhausted);
    let pool = full.map(|(pool, _)| format!(" of \"{pool}\"")).unwrap_or_default();
    let message = format!("All seats{pool} are assigned: the user was left as is.");
    v1::ItemError { reason: ErrorReason::SeatsExhausted.to_string(), message }
}

/// Completes the result of a user who waited for seats; `full`: the pools that have none.
pub fn resolve_waiting(result: &mut v1::SyncResult, full: Vec<(PoolId, DenialReason)>) {
    result.denials.retain(|denial| {
        let again = full.iter().any(|(pool, _)| pool.as_str() == denial.pool_id);
        denial.reason() != v1::DenialReason::SeatsExhausted && !again
    });
    result.denial_count = u32::try_from(result.denials.len() + full.len()).unwrap_or(u32::MAX);
    if full.is_empty() {
        let created = result.outcome() == v1::SyncOutcome::CreatedBlocked;
        result.set_outcome(if created { v1::SyncOutcome::Created } else { v1::SyncOutcome::Activated });
        result.set_block_cause(v1::BlockCause::Unspecified);
    }
    let room = MAX_DENIALS.saturating_sub(result.denials.len());
    result.denials.extend(full.iter().take(room).map(|(pool, reason)| denial(pool, *reason)));
}

pub fn unlisted(id: &UserId, blocked: bool) -> v1::SyncResult {
    let (outcome, cause) = match blocked {
        true => (v1::SyncOutcome::Blocked, user_state(Some(BlockCause::Directory)).1),
        false => (v1::SyncOutcome::Unlisted, v1::BlockCause::Unspecified),
    };
    v1::SyncResult {
        user_id: id.to_string(),
        outcome: outcome.into(),
        block_cause: cause.into(),
        denials: Vec::new(),
        denial_count: 0,
        error: None,
    }
}

/// Renders the result of an invalid entry. `given`: the user id as the client spelled it.
pub fn refused_entry(given: String, problems: FieldViolations) -> v1::SyncResult {
    let texts: Vec<String> = problems.into_vec().iter().map(ToString::to_string).collect();
    refused(given, ErrorReason::InvalidRequest, format!("{}.", texts.join("; ")))
}

pub fn listed_twice(id: &UserId) -> v1::SyncResult {
    refused(id.to_string(), ErrorReason::InvalidRequest, "user.user_id is in this sync already.".to_owned())
}

fn refused(user_id: String, reason: ErrorReason, message: String) -> v1::SyncResult {
    v1::SyncResult {
        user_id,
        outcome: v1::SyncOutcome::Refused.into(),
        block_cause: v1::BlockCause::Unspecified.into(),
        denials: Vec::new(),
        denial_count: 0,
        error: Some(v1::ItemError { reason: reason.to_string(), message }),
    }
}

fn denial(pool: &PoolId, reason: DenialReason) -> v1::SeatDenial {
    v1::SeatDenial { pool_id: pool.to_string(), reason: denial_reason(reason).into() }
}

pub fn count_synced(totals: &mut v1::SyncTotals, result: &v1::SyncResult) {
    let count = match result.outcome() {
        v1::SyncOutcome::Unspecified | v1::SyncOutcome::Unchanged => &mut totals.unchanged,
        v1::SyncOutcome::Created => &mut totals.created,
        v1::SyncOutcome::CreatedBlocked => &mut totals.created_blocked,
        v1::SyncOutcome::Updated => &mut totals.updated,
        v1::SyncOutcome::Activated => &mut totals.activated,
        v1::SyncOutcome::Refused => &mut totals.refused,
        v1::SyncOutcome::Unlisted => &mut totals.unlisted,
        v1::SyncOutcome::Blocked => &mut totals.blocked,
    };
    *count += 1;
    totals.waiting += u64::from(result.block_cause() == v1::BlockCause::LicenseLimit);
}
