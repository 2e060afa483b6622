//! Renders audit events as lines of a file.

use serde_json::json;

use super::audit::audit_event;
use crate::ids::TenantId;
use crate::ledger::change::AuditEvent;
use crate::opaque_id::IdCodec;
use crate::proto::v1;
use crate::service::audit_column::AuditColumn;

/// Returns the cells of an event in a CSV file.
pub fn audit_cells(tenant: &TenantId, ids: &IdCodec, event: AuditEvent, columns: &[AuditColumn]) -> Vec<String> {
    let event = audit_event(tenant, ids, event);
    columns.iter().map(|column| cell(&event, *column)).collect()
}

fn cell(event: &v1::AuditEvent, column: AuditColumn) -> String {
    match column {
        AuditColumn::EventId => event.event_id.clone(),
        AuditColumn::OccurredAt => occurred_at(event),
        AuditColumn::Actor => event.actor.clone(),
        AuditColumn::TenantId => event.tenant_id.clone(),
        AuditColumn::Action => short(event.action().as_str_name(), "AUDIT_ACTION_"),
        AuditColumn::UserId => event.user_id.clone(),
        AuditColumn::PoolId => event.pool_id.clone(),
        AuditColumn::SessionId => event.session_id.clone(),
        AuditColumn::OrganizationId => event.organization_id.clone(),
        AuditColumn::Outcome => short(event.outcome().as_str_name(), "AUDIT_OUTCOME_"),
        AuditColumn::Reason => event.reason.clone(),
        AuditColumn::Count => event.count.to_string(),
        AuditColumn::Detail => event.detail.clone(),
    }
}

/// Returns the line of an event in a file of JSON lines, without the line end. As in protobuf's JSON, 64-bit numbers
/// are strings.
pub fn audit_json(tenant: &TenantId, ids: &IdCodec, event: AuditEvent) -> String {
    let event = audit_event(tenant, ids, event);
    json!({
        "event_id": event.event_id,
        "occurred_at": occurred_at(&event),
        "actor": event.actor,
        "tenant_id": event.tenant_id,
        "action": event.action().as_str_name(),
        "user_id": event.user_id,
        "pool_id": event.pool_id,
        "session_id": event.session_id,
        "organization_id": event.organization_id,
        "outcome": event.outcome().as_str_name(),
        "reason": event.reason,
        "count": event.count.to_string(),
        "detail": event.detail,
    })
    .to_string()
}

/// RFC 3339, UTC.
fn occurred_at(event: &v1::AuditEvent) -> String {
    event.occurred_at.map(|at| at.to_string()).unwrap_or_default()
}

fn short(name: &str, prefix: &str) -> String {
    name.strip_prefix(prefix).unwrap_or(name).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::{EventNo, PoolId, SessionId, TenantNo, UserId};
    use crate::ledger::change::{Action, Actor, Reason};
    use crate::ledger::outcome::DenialReason;
    use crate::ledger::time::WallTime;
    use crate::opaque_id::Purpose;
    use crate::service::audit_column::AUDIT_COLUMNS;
    use crate::service::parse::testing::opaque_ids;

    fn ids() -> IdCodec {
        opaque_ids().codec(Purpose::Event, &[b"acme"])
    }

    fn denied() -> AuditEvent {
        AuditEvent {
            no: EventNo(7),
            tenant: TenantNo(1),
            at: WallTime(1_700_000_000_123),
            actor: Actor("login".into()),
            action: Action::SeatGranted,
            reason: Some(Reason::Denied(DenialReason::SeatsExhausted)),
            user: Some(UserId::stored("ann")),
            pool: Some(PoolId::stored("crm")),
            session: Some(SessionId(uuid::Uuid::nil())),
            organization: None,
            count: 3,
            detail: "a \"b\"\nc".into(),
        }
    }

    #[test]
    fn every_field_has_its_column() {
        let all = AUDIT_COLUMNS.map(|(_, column)| column);
        let cells = audit_cells(&TenantId::stored("acme"), &ids(), denied(), &all);
        assert_eq!(
            cells,
            [
                &*ids().name(7),
                "2023-11-14T22:13:20.123Z",
                "login",
                "acme",
                "SEAT_GRANT_DENIED",
                "ann",
                "crm",
                "00000000-0000-0000-0000-000000000000",
                "",
                "DENIED",
                "DENIAL_REASON_SEATS_EXHAUSTED",
                "3",
                "a \"b\"\nc"
            ]
        );
        let two = [AuditColumn::Count, AuditColumn::UserId];
        assert_eq!(audit_cells(&TenantId::stored("acme"), &ids(), denied(), &two), ["3", "ann"]);
    }

    #[test]
    fn every_column_is_in_the_json_and_a_line_is_a_line() {
        let line = audit_json(&TenantId::stored("acme"), &ids(), denied());
        assert!(!line.contains('\n'), "{line}");
        let read: serde_json::Value = serde_json::from_str(&line).unwrap();
        let names: Vec<_> = read.as_object().unwrap().keys().cloned().collect();
        let mut columns: Vec<_> = AUDIT_COLUMNS.map(|(name, _)| name.to_owned()).to_vec();
        columns.sort();
        assert_eq!(names, columns);
        assert_eq!((&read["action"], &read["count"]), (&"AUDIT_ACTION_SEAT_GRANT_DENIED".into(), &"3".into()));
        assert_eq!((&read["occurred_at"], &read["detail"]), (&"2023-11-14T22:13:20.123Z".into(), &"a \"b\"\nc".into()));
    }
}
