//! Filters of audit events.

use clap::{Args, ValueEnum};
use prost_types::Timestamp;

use crate::commands::error::Error;
use crate::commands::value_parsers::time;
use crate::proto::v1::{AuditAction, AuditOutcome, DenialReason, ListAuditEventsRequest, SessionEndReason};

#[derive(Debug, Args)]
#[command(next_help_heading = "Filters")]
pub struct Filters {
    /// Only events about this user, also under ids from before a renaming
    #[arg(long, value_name = "USER")]
    pub user: Option<String>,
    /// Only events about this pool
    #[arg(long, value_name = "ID")]
    pub pool: Option<String>,
    /// Only events about this session
    #[arg(long, value_name = "SESSION")]
    pub session: Option<String>,
    /// Only events about this organization
    #[arg(long, value_name = "ID")]
    pub organization: Option<String>,
    /// Only what this actor asked for
    #[arg(long, value_name = "NAME")]
    pub actor: Option<String>,
    /// Only this action, such as session-started or AUDIT_ACTION_SESSION_STARTED
    #[arg(long, value_name = "ACTION")]
    pub action: Option<String>,
    /// Only what was done, or what was denied
    #[arg(long, value_name = "OUTCOME")]
    pub outcome: Option<Outcome>,
    /// Only this reason, such as seats-exhausted or DENIAL_REASON_SEATS_EXHAUSTED
    #[arg(long, value_name = "REASON")]
    pub reason: Option<String>,
    /// Only events that stand for so many denials or more
    #[arg(long, value_name = "NUMBER")]
    pub times: Option<u32>,
    /// Only events with this text in the detail, as it stands there
    #[arg(long, value_name = "TEXT")]
    pub detail: Option<String>,
    /// Only events from this time on: a day, or a time such as 2027-03-01T08:00:00Z
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub from: Option<Timestamp>,
    /// Only events before this time
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub before: Option<Timestamp>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum Outcome {
    Done,
    Denied,
}

/// A request with these filters.
pub fn list_request(filters: &Filters) -> Result<ListAuditEventsRequest, Error> {
    let given = |text: &Option<String>| text.clone().unwrap_or_default();
    let outcome = match filters.outcome {
        None => AuditOutcome::Unspecified,
        Some(Outcome::Done) => AuditOutcome::Done,
        Some(Outcome::Denied) => AuditOutcome::Denied,
    };
    Ok(ListAuditEventsRequest {
        user_id: given(&filters.user),
        actor: given(&filters.actor),
        action: filters.action.as_deref().map_or(Ok(AuditAction::Unspecified), action)?.into(),
        outcome: outcome.into(),
        pool_id: given(&filters.pool),
        session_id: given(&filters.session),
        organization_id: given(&filters.organization),
        count_at_least: filters.times.unwrap_or_default(),
        detail: given(&filters.detail),
        reason: filters.reason.as_deref().map(reason).unwrap_or_default(),
        occurred_from: filters.from,
        occurred_before: filters.before,
        ..ListAuditEventsRequest::default()
    })
}

/// Parses an action such as `session-started`: a name of the contract without its prefix, in upper or lower case.
fn action(text: &str) -> Result<AuditAction, Error> {
    let name = contract(text);
    let named =
        AuditAction::from_str_name(&name).or_else(|| AuditAction::from_str_name(&format!("AUDIT_ACTION_{name}")));
    named.filter(|action| *action != AuditAction::Unspecified).ok_or_else(|| {
        let all = (1..).map_while(|number| AuditAction::try_from(number).ok());
        let names: Vec<String> = all.map(|action| short(action.as_str_name(), "AUDIT_ACTION_")).collect();
        Error::Refused(format!("--action: {text:?} is none of {}", names.join(", ")))
    })
}

/// The reason in the form of the contract. The service refuses a reason that it does not know.
fn reason(text: &str) -> String {
    let name = contract(text);
    let denial = format!("DENIAL_REASON_{name}");
    let end = format!("SESSION_END_REASON_{name}");
    match (DenialReason::from_str_name(&denial), SessionEndReason::from_str_name(&end)) {
        (Some(_), _) => denial,
        (None, Some(_)) => end,
        (None, None) => name,
    }
}

fn contract(text: &str) -> String {
    text.to_uppercase().replace('-', "_")
}

/// A name of the contract as the options accept it.
pub fn short(name: &str, prefix: &str) -> String {
    name.strip_prefix(prefix).unwrap_or(name).to_lowercase().replace('_', "-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_action_has_a_short_name() {
        for known in (1..).map_while(|number| AuditAction::try_from(number).ok()) {
            let short = short(known.as_str_name(), "AUDIT_ACTION_");
            assert_eq!(action(&short).ok(), Some(known), "{short}");
            assert_eq!(action(known.as_str_name()).ok(), Some(known));
        }
        for text in ["", "unspecified", "session"] {
            let message = action(text).expect_err(text).to_string();
            assert!(message.starts_with(&format!("--action: {text:?} is none of session-started, ")), "{message}");
        }
    }

    #[test]
    fn reasons_have_short_names() {
        assert_eq!(reason("seats-exhausted"), "DENIAL_REASON_SEATS_EXHAUSTED");
        assert_eq!(reason("checked-in"), "SESSION_END_REASON_CHECKED_IN");
        assert_eq!(reason("DENIAL_REASON_USER_BLOCKED"), "DENIAL_REASON_USER_BLOCKED");
        assert_eq!(reason("nonsense"), "NONSENSE");
    }
}
