//! `usher audit`

use super::list::List;
use super::progress::Progress;
use super::table::{left, right};
use super::words;
use super::{Error, Printer, Usher};
use crate::cli::audit::{Export, Filters, List as Args, Outcome};
use crate::proto::v1::{
    AuditAction, AuditEvent, AuditExportFormat, AuditOutcome, DenialReason, ExportAuditEventsRequest,
    ListAuditEventsRequest, SessionEndReason,
};

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

/// Prints the audit events that pass the filters.
///
/// # Errors
/// [`Error`]
pub async fn list(usher: &Usher, printer: &mut Printer, args: &Args) -> Result<(), Error> {
    let base = list_request(&args.filters)?;
    let page = async |page_size: i32, page_token| {
        let request = ListAuditEventsRequest { tenant_id: usher.tenant.clone(), page_size, page_token, ..base.clone() };
        let page = usher.answer(usher.audit().list_audit_events(usher.request(request))).await?;
        Ok((page.events, page.next_page_token))
    };
    EVENTS.print(printer, Some(args.limit), page).await
}

/// Writes the events as they arrive, and keeps none in memory.
///
/// # Errors
/// [`Error`]; what was written before stays, and is incomplete.
pub async fn export(usher: &Usher, printer: &mut Printer, args: &Export) -> Result<(), Error> {
    let ListAuditEventsRequest {
        user_id,
        actor,
        action,
        outcome,
        reason,
        occurred_from,
        occurred_before,
        pool_id,
        session_id,
        organization_id,
        count_at_least,
        detail,
        tenant_id: _,
        page_size: _,
        page_token: _,
        order_by: _,
    } = list_request(&args.filters)?;
    let json = args.scope.connection.json;
    let request = ExportAuditEventsRequest {
        tenant_id: usher.tenant.clone(),
        format: if json { AuditExportFormat::JsonLines } else { AuditExportFormat::Csv }.into(),
        columns: args.columns.clone(),
        delimiter: if json { String::new() } else { args.delimiter.clone() },
        byte_order_mark: args.bom,
        user_id,
        actor,
        action,
        outcome,
        reason,
        occurred_from,
        occurred_before,
        pool_id,
        session_id,
        organization_id,
        count_at_least,
        detail,
    };
    // The timeout applies to each chunk, because a whole export may take longer.
    let mut chunks = usher.answer(usher.audit().export_audit_events(request)).await?;
    let progress = Progress::counting("events");
    let mut lines = 0;
    while let Some(chunk) = usher.next_chunk(chunks.message()).await? {
        lines += chunk.data.iter().filter(|byte| **byte == b'\n').count();
        progress.at(lines);
        printer.bytes(&chunk.data)?;
    }
    Ok(())
}

/// A request with these filters.
fn list_request(filters: &Filters) -> Result<ListAuditEventsRequest, Error> {
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
fn short(name: &str, prefix: &str) -> String {
    name.strip_prefix(prefix).unwrap_or(name).to_lowercase().replace('_', "-")
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
