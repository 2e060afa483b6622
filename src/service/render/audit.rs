//! Renders answers of AuditService.

use super::seat::organization_id;
use super::session::session_id;
use super::time::timestamp;
use crate::ids::TenantId;
use crate::journal::AuditPage;
use crate::ledger::change::{AuditEvent, Reason};
use crate::ledger::command::Cursor;
use crate::opaque_id::IdCodec;
use crate::proto::v1;
use crate::service::names::{audit_action, reason_name};
use crate::service::page::Shape;

/// Renders a page. `page` contains one event more than `limit` if there are more.
pub fn list_audit_events(
    tenant: &TenantId,
    ids: &IdCodec,
    page: AuditPage,
    limit: usize,
    shape: &Shape,
) -> v1::ListAuditEventsResponse {
    let AuditPage { mut events, mut next, .. } = page;
    if events.len() > limit {
        events.truncate(limit);
        next = events.last().map(|event| event.no);
    }
    let cursor = next.map(|no| Cursor { when: no.0, ..Cursor::default() });
    v1::ListAuditEventsResponse {
        events: events.into_iter().map(|event| audit_event(tenant, ids, event)).collect(),
        next_page_token: cursor.map_or_else(String::new, |cursor| shape.token(&cursor)),
    }
}

/// Renders an event. `ids`: the codec for event ids of this tenant.
pub fn audit_event(tenant: &TenantId, ids: &IdCodec, event: AuditEvent) -> v1::AuditEvent {
    let denied = matches!(event.reason, Some(Reason::Denied(_)));
    let outcome = if denied { v1::AuditOutcome::Denied } else { v1::AuditOutcome::Done };
    v1::AuditEvent {
        event_id: ids.name(event.no.0),
        occurred_at: Some(timestamp(event.at)),
        actor: (*event.actor.0).to_owned(),
        tenant_id: tenant.as_str().to_owned(),
        action: audit_action(event.action, denied).into(),
        user_id: event.user.map_or_else(String::new, |id| id.as_str().to_owned()),
        pool_id: event.pool.map_or_else(String::new, |id| id.as_str().to_owned()),
        session_id: event.session.map_or_else(String::new, session_id),
        organization_id: organization_id(event.organization.as_ref()),
        outcome: outcome.into(),
        reason: event.reason.map_or_else(String::new, |reason| reason_name(reason).to_owned()),
        count: event.count.into(),
        detail: event.detail.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::{EventNo, PoolId, TenantNo, UserId};
    use crate::ledger::change::{Action, Actor};
    use crate::ledger::outcome::{DenialReason, SessionEndReason};
    use crate::ledger::time::WallTime;
    use crate::opaque_id::Purpose;
    use crate::service::parse::testing::opaque_ids;

    fn ids() -> IdCodec {
        opaque_ids().codec(Purpose::Event, &[b"acme"])
    }

    fn event(no: u64, action: Action, reason: Option<Reason>) -> AuditEvent {
        AuditEvent {
            no: EventNo(no),
            tenant: TenantNo(1),
            at: WallTime(1_500),
            actor: Actor("console".into()),
            action,
            reason,
            user: Some(UserId::stored("ann")),
            pool: Some(PoolId::stored("crm")),
            session: None,
            organization: None,
            count: 3,
            detail: "".into(),
        }
    }

    #[test]
    fn an_event_says_what_was_denied_and_why() {
        let denied = event(7, Action::SeatGranted, Some(Reason::Denied(DenialReason::SeatsExhausted)));
        let rendered = audit_event(&TenantId::stored("acme"), &ids(), denied);
        assert_eq!(
            (rendered.action(), rendered.outcome()),
            (v1::AuditAction::SeatGrantDenied, v1::AuditOutcome::Denied)
        );
        assert_eq!((rendered.reason.as_str(), rendered.count), ("DENIAL_REASON_SEATS_EXHAUSTED", 3));
        assert_eq!(
            (rendered.event_id.as_str(), rendered.tenant_id.as_str(), rendered.user_id.as_str()),
            (&*ids().name(7), "acme", "ann")
        );
        let ended = event(8, Action::SessionEnded, Some(Reason::Ended(SessionEndReason::CheckedIn)));
        let rendered = audit_event(&TenantId::stored("acme"), &ids(), ended);
        assert_eq!((rendered.action(), rendered.outcome()), (v1::AuditAction::SessionEnded, v1::AuditOutcome::Done));
        assert_eq!(rendered.reason, "SESSION_END_REASON_CHECKED_IN");
        let done = audit_event(&TenantId::stored("acme"), &ids(), event(9, Action::SeatGranted, None));
        assert_eq!((done.action(), done.reason.as_str()), (v1::AuditAction::SeatGranted, ""));
    }

    #[test]
    fn a_page_of_events_goes_on_only_where_there_are_more() {
        let shape = Shape::of(&opaque_ids(), "ListAuditEvents", &v1::ListAuditEventsRequest::default());
        let check = |numbers: &[u64], rest: Option<u64>, listed: usize, next: Option<u64>| {
            let events = numbers.iter().map(|no| event(*no, Action::UserCreated, None)).collect();
            let page = AuditPage { events, next: rest.map(EventNo), blocks: 0 };
            let page = list_audit_events(&TenantId::stored("acme"), &ids(), page, 2, &shape);
            assert_eq!(page.events.len(), listed, "{numbers:?}");
            assert_eq!(shape.cursor(&page.next_page_token).map(|cursor| cursor.when), next, "{numbers:?}");
            assert_eq!(page.next_page_token.is_empty(), next.is_none());
        };
        check(&[], None, 0, None);
        check(&[9, 8], None, 2, None);
        check(&[9, 8, 7], Some(7), 2, Some(8));
        // The search reached its limit, so the rest is left for the next page.
        check(&[9], Some(4), 1, Some(4));
        check(&[], Some(4), 0, Some(4));
    }
}
