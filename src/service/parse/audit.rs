//! Parses requests of AuditService.

use super::list::{Paging, order, paging, period};
use super::values::{MAX_NAME_BYTES, Text, check_text, choice};
use crate::ids::{EventNo, OrganizationId, PoolId, SessionId, TenantId, UserId};
use crate::journal::AuditFilter;
use crate::ledger::change::{Action, Reason};
use crate::ledger::command::Period;
use crate::ledger::outcome::{DenialReason, SessionEndReason};
use crate::opaque_id::OpaqueIds;
use crate::proto::v1;
use crate::service::audit_column::{AUDIT_COLUMNS, AuditColumn};
use crate::service::csv::{Delimiter, columns, delimiter};
use crate::service::names::{audit_action, reason_name};
use crate::service::page::Shape;
use crate::status::FieldViolations;

/// Events that an export reads at once: some hundred kilobytes.
const EXPORT_PAGE: i32 = 1_000;

/// An empty `tenant_id` means the installation.
pub fn list_audit_events(
    opaque_ids: &OpaqueIds,
    mut request: v1::ListAuditEventsRequest,
) -> Result<(TenantId, AuditFilter, Shape), FieldViolations> {
    let mut problems = FieldViolations::default();
    let size = std::mem::take(&mut request.page_size);
    let token = std::mem::take(&mut request.page_token);
    let Paging { shape, after, limit } = paging(&mut problems, opaque_ids, "ListAuditEvents", &request, size, &token);
    let tenant =
        if request.tenant_id.is_empty() { Some(TenantId::installation()) } else { problems.tenant(&request.tenant_id) };
    let user = problems.optional("user_id", &request.user_id, UserId::parse);
    check_text(&mut problems, "actor", &request.actor, Text::Line, MAX_NAME_BYTES);
    let (action, denied) = what(&mut problems, request.action, request.outcome);
    let reason = reason(&mut problems, &request.reason);
    let Period { from, until } = period(&mut problems, "occurred", request.occurred_from, request.occurred_before);
    let pool = problems.optional("pool_id", &request.pool_id, PoolId::parse);
    let session = problems.optional("session_id", &request.session_id, SessionId::parse);
    let organization = problems.optional("organization_id", &request.organization_id, OrganizationId::parse);
    check_text(&mut problems, "detail", &request.detail, Text::Line, MAX_NAME_BYTES);
    newest_first(&mut problems, &request.order_by);
    problems.finish(|| {
        let before = after.map(|cursor| EventNo(cursor.when));
        let actor = (!request.actor.is_empty()).then_some(request.actor);
        let detail = (!request.detail.is_empty()).then_some(request.detail);
        let count = (request.count_at_least > 1).then_some(request.count_at_least);
        let filter = AuditFilter {
            before,
            user,
            pool,
            session,
            organization,
            actor,
            action,
            denied,
            reason,
            count,
            detail,
            from,
            until,
            limit,
        };
        Some((tenant?, filter, shape))
    })
}

/// An export: its tenant, its filter, and the format of the file.
#[derive(Debug)]
pub struct AuditExport {
    pub tenant: TenantId,
    pub filter: AuditFilter,
    pub form: AuditForm,
}

/// Format of an exported file.
#[derive(Debug, PartialEq)]
pub enum AuditForm {
    /// `mark`: the file begins with a byte order mark.
    Csv {
        columns: Vec<(String, AuditColumn)>,
        delimiter: Delimiter,
        mark: bool,
    },
    JsonLines,
}

pub fn export_audit_events(
    opaque_ids: &OpaqueIds,
    request: v1::ExportAuditEventsRequest,
) -> Result<AuditExport, FieldViolations> {
    let mut problems = FieldViolations::default();
    let form = form(&mut problems, &request);
    let list = v1::ListAuditEventsRequest {
        tenant_id: request.tenant_id,
        page_size: EXPORT_PAGE,
        user_id: request.user_id,
        actor: request.actor,
        action: request.action,
        outcome: request.outcome,
        reason: request.reason,
        occurred_from: request.occurred_from,
        occurred_before: request.occurred_before,
        pool_id: request.pool_id,
        session_id: request.session_id,
        organization_id: request.organization_id,
        count_at_least: request.count_at_least,
        detail: request.detail,
        ..v1::ListAuditEventsRequest::default()
    };
    match list_audit_events(opaque_ids, list) {
        Ok((tenant, filter, _)) => problems.finish(|| Some(AuditExport { tenant, filter, form })),
        Err(others) => {
            others.into_vec().into_iter().for_each(|problem| problems.add(problem.field, problem.text));
            Err(problems)
        }
    }
}

fn form(problems: &mut FieldViolations, request: &v1::ExportAuditEventsRequest) -> AuditForm {
    let names = AUDIT_COLUMNS.map(|(name, _)| name);
    let column = |name: &str| AUDIT_COLUMNS.iter().find(|(known, _)| *known == name).map(|(_, column)| *column);
    match choice(problems, "format", request.format) {
        Some(v1::AuditExportFormat::JsonLines) => {
            if !request.columns.is_empty() {
                problems.add("columns", "must be empty: only CSV has columns");
            }
            if !request.delimiter.is_empty() {
                problems.add("delimiter", "must be empty: only CSV has one");
            }
            if request.byte_order_mark {
                problems.add("byte_order_mark", "must not be set: only CSV has one");
            }
            AuditForm::JsonLines
        }
        None | Some(v1::AuditExportFormat::Unspecified | v1::AuditExportFormat::Csv) => AuditForm::Csv {
            columns: columns(problems, request.columns.clone(), &names, &names.join(", "), column),
            delimiter: delimiter(problems, &request.delimiter),
            mark: request.byte_order_mark,
        },
    }
}

/// Returns the action, and whether it was denied. A denied grant is an action of its own in the contract; in the ledger
/// it is the grant with a reason.
fn what(problems: &mut FieldViolations, action: i32, outcome: i32) -> (Option<Action>, Option<bool>) {
    let request = choice(problems, "action", action).unwrap_or(v1::AuditAction::Unspecified);
    let outcome = match choice(problems, "outcome", outcome) {
        None | Some(v1::AuditOutcome::Unspecified) => None,
        Some(v1::AuditOutcome::Done) => Some(false),
        Some(v1::AuditOutcome::Denied) => Some(true),
    };
    let implied = match request {
        v1::AuditAction::SeatGranted => Some(false),
        v1::AuditAction::SeatGrantDenied => Some(true),
        _ => None,
    };
    if implied.is_some() && outcome.is_some() && implied != outcome {
        problems.add("outcome", "must fit the action, which never has this outcome");
    }
    let action = Action::ALL.into_iter().find(|known| audit_action(*known, implied == Some(true)) == request);
    (action, implied.or(outcome))
}

/// Returns the code of a reason from its name.
fn reason(problems: &mut FieldViolations, name: &str) -> Option<u8> {
    if name.is_empty() {
        return None;
    }
    let denials = DenialReason::ALL.into_iter().map(Reason::Denied);
    let ends = SessionEndReason::ALL.into_iter().map(Reason::Ended);
    let found = denials.chain(ends).find(|reason| reason_name(*reason) == name);
    if found.is_none() {
        problems.add("reason", "must be a reason's name, such as DENIAL_REASON_SEATS_EXHAUSTED");
    }
    found.map(Reason::code)
}

/// Checks the order: newest first is the only one.
fn newest_first(problems: &mut FieldViolations, order_by: &str) {
    let ((), descending) = order(problems, order_by, &[("occurred_at", ())], ((), true));
    if !descending {
        problems.add("order_by", "must be occurred_at desc");
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{bad, opaque_ids};
    use super::*;
    use crate::ledger::time::WallTime;

    fn request() -> v1::ListAuditEventsRequest {
        v1::ListAuditEventsRequest { tenant_id: "acme".into(), ..Default::default() }
    }

    fn at(seconds: i64) -> Option<prost_types::Timestamp> {
        Some(prost_types::Timestamp { seconds, nanos: 0 })
    }

    #[test]
    fn a_list_of_events() {
        let request = v1::ListAuditEventsRequest {
            user_id: "Ann".into(),
            actor: "console".into(),
            action: v1::AuditAction::UserCreated.into(),
            outcome: v1::AuditOutcome::Denied.into(),
            reason: "DENIAL_REASON_SEATS_EXHAUSTED".into(),
            occurred_from: at(1),
            occurred_before: at(2),
            order_by: "occurred_at desc".into(),
            page_size: 5,
            ..request()
        };
        let (_, filter, shape) = list_audit_events(&opaque_ids(), request.clone()).unwrap();
        assert_eq!(filter.user.unwrap().as_str(), "ann");
        assert_eq!((filter.actor.as_deref(), filter.action), (Some("console"), Some(Action::UserCreated)));
        assert_eq!(filter.reason, Some(Reason::Denied(DenialReason::SeatsExhausted).code()));
        assert_eq!(
            (filter.denied, filter.from, filter.until),
            (Some(true), Some(WallTime(1_000)), Some(WallTime(2_000)))
        );
        assert_eq!((filter.before, filter.limit), (None, 5));
        let page_token = shape.token(&crate::ledger::command::Cursor { when: 42, ..Default::default() });
        let (_, filter, _) =
            list_audit_events(&opaque_ids(), v1::ListAuditEventsRequest { page_token, ..request }).unwrap();
        assert_eq!(filter.before, Some(EventNo(42)));
    }

    #[test]
    fn actions_and_outcomes() {
        let check = |action: v1::AuditAction, outcome: v1::AuditOutcome, expected| {
            let request = v1::ListAuditEventsRequest { action: action.into(), outcome: outcome.into(), ..request() };
            let (_, filter, _) = list_audit_events(&opaque_ids(), request).unwrap();
            assert_eq!((filter.action, filter.denied), expected, "{action:?} {outcome:?}");
        };
        use v1::{AuditAction, AuditOutcome};
        check(AuditAction::Unspecified, AuditOutcome::Unspecified, (None, None));
        check(AuditAction::Unspecified, AuditOutcome::Done, (None, Some(false)));
        check(AuditAction::SeatGranted, AuditOutcome::Unspecified, (Some(Action::SeatGranted), Some(false)));
        check(AuditAction::SeatGrantDenied, AuditOutcome::Unspecified, (Some(Action::SeatGranted), Some(true)));
        check(AuditAction::SeatGrantDenied, AuditOutcome::Denied, (Some(Action::SeatGranted), Some(true)));
        check(AuditAction::UserUnblocked, AuditOutcome::Unspecified, (Some(Action::UserUnblocked), None));
        for number in 1.. {
            let Ok(action) = AuditAction::try_from(number) else { break };
            let request = v1::ListAuditEventsRequest { action: number, ..request() };
            assert!(
                list_audit_events(&opaque_ids(), request).unwrap().1.action.is_some(),
                "{action:?} filters nothing"
            );
        }
    }

    #[test]
    fn every_reason_can_be_asked_for_by_its_name() {
        let denials = DenialReason::ALL.into_iter().map(Reason::Denied);
        for reason in denials.chain(SessionEndReason::ALL.into_iter().map(Reason::Ended)) {
            let request = v1::ListAuditEventsRequest { reason: reason_name(reason).into(), ..request() };
            assert_eq!(list_audit_events(&opaque_ids(), request).unwrap().1.reason, Some(reason.code()), "{reason:?}");
        }
    }

    #[test]
    fn an_export_of_events() {
        let request = v1::ExportAuditEventsRequest { tenant_id: "acme".into(), ..Default::default() };
        let all = AUDIT_COLUMNS.map(|(name, column)| (name.to_owned(), column)).to_vec();
        let whole = export_audit_events(&opaque_ids(), request.clone()).unwrap();
        assert_eq!(whole.form, AuditForm::Csv { columns: all, delimiter: Delimiter::Comma, mark: false });
        assert_eq!((whole.filter.limit, whole.filter.before), (1_000, None));
        let few = v1::ExportAuditEventsRequest {
            columns: vec!["user_id".into(), "action".into()],
            delimiter: ";".into(),
            byte_order_mark: true,
            user_id: "Ann".into(),
            actor: "login".into(),
            action: v1::AuditAction::SeatGrantDenied.into(),
            reason: "DENIAL_REASON_SEATS_EXHAUSTED".into(),
            occurred_from: at(1),
            occurred_before: at(2),
            ..request.clone()
        };
        let few = export_audit_events(&opaque_ids(), few).unwrap();
        let columns = vec![("user_id".to_owned(), AuditColumn::UserId), ("action".to_owned(), AuditColumn::Action)];
        assert_eq!(few.form, AuditForm::Csv { columns, delimiter: Delimiter::Semicolon, mark: true });
        let AuditFilter { user, actor, action, denied, reason, from, until, .. } = few.filter;
        assert_eq!((user, actor.as_deref()), (Some(UserId::stored("ann")), Some("login")));
        assert_eq!((action, denied), (Some(Action::SeatGranted), Some(true)));
        assert_eq!(reason, Some(Reason::Denied(DenialReason::SeatsExhausted).code()));
        assert_eq!((from, until), (Some(WallTime(1_000)), Some(WallTime(2_000))));
        let lines = v1::ExportAuditEventsRequest { format: v1::AuditExportFormat::JsonLines.into(), ..request };
        assert_eq!(export_audit_events(&opaque_ids(), lines).unwrap().form, AuditForm::JsonLines);
    }

    #[test]
    fn an_export_of_events_names_every_bad_field() {
        let bad_csv = v1::ExportAuditEventsRequest {
            columns: vec!["user_id".into(), "password".into()],
            delimiter: "|".into(),
            outcome: 99,
            tenant_id: " ".into(),
            ..Default::default()
        };
        assert_eq!(
            bad(export_audit_events(&opaque_ids(), bad_csv)),
            ["columns[1]", "delimiter", "tenant_id", "outcome"]
        );
        let bad_json = v1::ExportAuditEventsRequest {
            tenant_id: "acme".into(),
            format: v1::AuditExportFormat::JsonLines.into(),
            columns: vec!["user_id".into()],
            delimiter: ",".into(),
            byte_order_mark: true,
            ..Default::default()
        };
        assert_eq!(bad(export_audit_events(&opaque_ids(), bad_json)), ["columns", "delimiter", "byte_order_mark"]);
        let no_form = v1::ExportAuditEventsRequest { tenant_id: "acme".into(), format: 9, ..Default::default() };
        assert_eq!(bad(export_audit_events(&opaque_ids(), no_form)), ["format"]);
    }

    #[test]
    fn a_list_of_events_names_every_bad_field() {
        let wrong = v1::ListAuditEventsRequest {
            tenant_id: " ".into(),
            page_size: -1,
            page_token: "?".into(),
            order_by: "occurred_at".into(),
            user_id: "a b".into(),
            actor: "\n".into(),
            action: 99,
            outcome: 99,
            reason: "FULL".into(),
            occurred_from: Some(prost_types::Timestamp { seconds: 0, nanos: -1 }),
            occurred_before: at(i64::MAX),
            pool_id: " ".into(),
            session_id: "s".into(),
            organization_id: " ".into(),
            detail: "x".repeat(257),
            count_at_least: 0,
        };
        assert_eq!(
            bad(list_audit_events(&opaque_ids(), wrong)),
            [
                "page_size",
                "page_token",
                "tenant_id",
                "user_id",
                "actor",
                "action",
                "outcome",
                "reason",
                "occurred_from",
                "occurred_before",
                "pool_id",
                "session_id",
                "organization_id",
                "detail",
                "order_by"
            ]
        );
        let empty = v1::ListAuditEventsRequest { occurred_from: at(2), occurred_before: at(2), ..request() };
        assert_eq!(bad(list_audit_events(&opaque_ids(), empty)), ["occurred_before"]);
        let never = v1::ListAuditEventsRequest {
            action: v1::AuditAction::SeatGrantDenied.into(),
            outcome: v1::AuditOutcome::Done.into(),
            ..request()
        };
        assert_eq!(bad(list_audit_events(&opaque_ids(), never)), ["outcome"]);
    }
}
