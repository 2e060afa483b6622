//! `usher audit list`

use clap::Args;

use super::filters::{Filters, list_request, short};
use super::scope::{AuditScope, call};
use crate::commands::connection::Usher;
use crate::commands::error::Error;
use crate::commands::output::list::List;
use crate::commands::output::table::{left, right};
use crate::commands::output::{Printer, words};
use crate::failure::Failure;
use crate::proto::v1::{AuditEvent, ListAuditEventsRequest};

#[derive(Debug, Args)]
pub struct ListArgs {
    #[command(flatten)]
    pub filters: Filters,
    /// The newest so many
    #[arg(long, value_name = "NUMBER", default_value = "100", value_parser = clap::value_parser!(u64).range(1..))]
    pub limit: u64,
    #[command(flatten)]
    pub scope: AuditScope,
}

/// Prints the audit events that pass the filters.
pub async fn run(args: &ListArgs) -> Result<(), Failure> {
    call(&args.scope, async |usher, printer| list(usher, printer, args).await).await
}

const EVENTS: List<AuditEvent> = List {
    name: "events",
    columns: &[
        left("when"),
        left("what"),
        left("outcome"),
        left("reason"),
        left("user"),
        left("pool"),
        right("times"),
        left("by"),
        left("detail"),
    ],
    row,
    none: "no events",
};

async fn list(usher: &Usher, printer: &mut Printer, args: &ListArgs) -> Result<(), Error> {
    let base = list_request(&args.filters)?;
    let page = async |page_size: i32, page_token| {
        let request = ListAuditEventsRequest { tenant_id: usher.tenant.clone(), page_size, page_token, ..base.clone() };
        let page = usher.answer(usher.audit().list_audit_events(usher.request(request))).await?;
        Ok((page.events, page.next_page_token))
    };
    EVENTS.print(printer, Some(args.limit), page).await
}

fn row(event: &AuditEvent) -> Vec<String> {
    let reason = event.reason.strip_prefix("SESSION_END_REASON_").unwrap_or(&event.reason);
    vec![
        words::time_or(event.occurred_at, ""),
        short(event.action().as_str_name(), "AUDIT_ACTION_"),
        short(event.outcome().as_str_name(), "AUDIT_OUTCOME_"),
        short(reason, "DENIAL_REASON_"),
        event.user_id.clone(),
        event.pool_id.clone(),
        if event.count > 1 { event.count.to_string() } else { String::new() },
        event.actor.clone(),
        event.detail.clone(),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proto::v1::{AuditAction, AuditOutcome};

    #[test]
    fn a_row_leaves_out_what_goes_without_saying() {
        let event = AuditEvent {
            action: AuditAction::SessionEnded.into(),
            outcome: AuditOutcome::Done.into(),
            reason: "SESSION_END_REASON_CHECKED_IN".into(),
            user_id: "ann".into(),
            count: 1,
            ..AuditEvent::default()
        };
        assert_eq!(row(&event), ["", "session-ended", "done", "checked-in", "ann", "", "", "", ""]);
        let denied = AuditEvent { reason: "DENIAL_REASON_SEATS_EXHAUSTED".into(), count: 7, ..event };
        assert_eq!(row(&denied)[3..7], ["seats-exhausted", "ann", "", "7"]);
    }
}
