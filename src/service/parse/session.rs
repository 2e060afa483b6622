//! Parses requests of SessionService.

use super::list::{Paging, order, paging, part, period, statuses};
use super::values::duration;
use crate::ids::{DeviceId, EventNo, OrganizationId, PoolId, SessionId, TenantId, UserId};
use crate::ledger::command::{CloseIdle, CloseSession, ListSessions, SessionOrder};
use crate::opaque_id::OpaqueIds;
use crate::proto::v1;
use crate::service::page::Shape;
use crate::status::FieldViolations;

const ORDERS: [(&str, SessionOrder); 3] = [
    ("last_activity", SessionOrder::LastActivity),
    ("started_at", SessionOrder::Started),
    ("user", SessionOrder::User),
];

pub fn list_sessions(
    opaque_ids: &OpaqueIds,
    mut request: v1::ListSessionsRequest,
) -> Result<(TenantId, ListSessions, Shape), FieldViolations> {
    let mut problems = FieldViolations::default();
    let size = std::mem::take(&mut request.page_size);
    let token = std::mem::take(&mut request.page_token);
    let Paging { shape, after, limit } = paging(&mut problems, opaque_ids, "ListSessions", &request, size, &token);
    let tenant = problems.tenant(&request.tenant_id);
    let pool = problems.optional("pool_id", &request.pool_id, PoolId::parse);
    let user = problems.optional("user_id", &request.user_id, UserId::parse);
    let organization = problems.optional("organization_id", &request.organization_id, OrganizationId::parse);
    // A user with a session always has a status, so the blank filters nothing.
    let statuses = statuses(&mut problems, &request.statuses).into_iter().flatten().collect();
    let session = problems.optional("session_id", &request.session_id, SessionId::parse);
    let device = problems.optional("device_id", &request.device_id, DeviceId::parse);
    let client = part(&mut problems, "client", &request.client);
    let started = period(&mut problems, "started", request.started_from, request.started_before);
    let idle = request.idle_at_least.and_then(|given| duration(&mut problems, "idle_at_least", given));
    // By default, an order that does not change while a client reads page after page.
    let by_start = (SessionOrder::Started, false);
    let (order, descending) = order(&mut problems, &request.order_by, &ORDERS, by_start);
    problems.finish(|| {
        let query = ListSessions {
            pool,
            user,
            organization,
            statuses,
            session,
            device,
            client,
            started,
            idle,
            order,
            descending,
            after,
            limit,
        };
        Some((tenant?, query, shape))
    })
}

pub fn close_session(request: v1::CloseSessionRequest) -> Result<(TenantId, CloseSession), FieldViolations> {
    let mut problems = FieldViolations::default();
    let tenant = problems.tenant(&request.tenant_id);
    let session = problems.value("session_id", SessionId::parse(&request.session_id));
    let own_session = problems.optional("caller_session_id", &request.caller_session_id, SessionId::parse);
    let own_user = problems.optional("caller_user_id", &request.caller_user_id, UserId::parse);
    problems.finish(|| Some((tenant?, CloseSession { session: session?, force: request.force, own_session, own_user })))
}

pub fn close_idle(request: v1::CloseIdleSessionsRequest) -> Result<(TenantId, CloseIdle), FieldViolations> {
    let mut problems = FieldViolations::default();
    let tenant = problems.tenant(&request.tenant_id);
    let pool = problems.optional("pool_id", &request.pool_id, PoolId::parse);
    let own_user = problems.optional("caller_user_id", &request.caller_user_id, UserId::parse);
    problems.finish(|| Some((tenant?, CloseIdle { pool, own_user })))
}

/// Returns the tenant, the event after which to continue (`None`: from now on), and the shape of the stream's cursors.
pub fn watch_sessions(
    opaque_ids: &OpaqueIds,
    mut request: v1::WatchSessionsRequest,
) -> Result<(TenantId, Option<EventNo>, Shape), FieldViolations> {
    let mut problems = FieldViolations::default();
    let cursor = std::mem::take(&mut request.cursor);
    let shape = Shape::of(opaque_ids, "WatchSessions", &request);
    let tenant = problems.tenant(&request.tenant_id);
    let after = if cursor.is_empty() { None } else { shape.cursor(&cursor) };
    if after.is_none() && !cursor.is_empty() {
        problems.add("cursor", "must be the cursor of a message from a watch of the same tenant");
    }
    problems.finish(|| Some((tenant?, after.map(|cursor| EventNo(cursor.when)), shape)))
}

#[cfg(test)]
mod tests {
    use super::super::testing::{NO_SESSION, SESSION, bad, opaque_ids};
    use super::*;
    use crate::ledger::command::Cursor;
    use crate::ledger::outcome::Status;

    #[test]
    fn a_list_of_sessions() {
        let request = v1::ListSessionsRequest {
            tenant_id: "acme".into(),
            pool_id: "primary".into(),
            user_id: "ANN".into(),
            statuses: vec![v1::UserStatus::Idle.into()],
            order_by: "started_at".into(),
            page_size: 7,
            ..Default::default()
        };
        let (_, query, shape) = list_sessions(&opaque_ids(), request.clone()).unwrap();
        assert_eq!((query.limit, query.order, query.descending), (7, SessionOrder::Started, false));
        assert_eq!(query.user.unwrap().as_str(), "ann");
        assert_eq!(query.statuses, [Status::Idle]);
        // The token fits the same list with another page size, and no other list.
        let cursor = Cursor { when: 1, name: Vec::new(), id: SESSION.into() };
        let page_token = shape.token(&cursor);
        let next = v1::ListSessionsRequest { page_token, page_size: 9, ..request };
        assert_eq!(list_sessions(&opaque_ids(), next.clone()).unwrap().1.after, Some(cursor));
        let other = v1::ListSessionsRequest { order_by: "user".into(), ..next };
        assert_eq!(bad(list_sessions(&opaque_ids(), other)), ["page_token"]);
    }

    #[test]
    fn a_list_of_sessions_is_by_default_in_an_order_that_does_not_move() {
        let request = v1::ListSessionsRequest { tenant_id: "acme".into(), ..Default::default() };
        let (_, query, _) = list_sessions(&opaque_ids(), request).unwrap();
        assert_eq!((query.limit, query.order, query.descending), (100, SessionOrder::Started, false));
    }

    #[test]
    fn a_list_of_sessions_names_every_bad_field() {
        let request = v1::ListSessionsRequest {
            tenant_id: String::new(),
            page_size: -1,
            page_token: "?".into(),
            order_by: "device".into(),
            pool_id: " ".into(),
            user_id: "a b".into(),
            organization_id: "\0".into(),
            statuses: vec![77],
            session_id: NO_SESSION.into(),
            device_id: " ".into(),
            client: "\n".into(),
            started_from: Some(prost_types::Timestamp { seconds: 2, nanos: 0 }),
            started_before: Some(prost_types::Timestamp { seconds: 2, nanos: 0 }),
            idle_at_least: Some(prost_types::Duration { seconds: -1, nanos: 0 }),
        };
        assert_eq!(
            bad(list_sessions(&opaque_ids(), request)),
            [
                "page_size",
                "page_token",
                "tenant_id",
                "pool_id",
                "user_id",
                "organization_id",
                "statuses[0]",
                "session_id",
                "device_id",
                "client",
                "started_before",
                "idle_at_least",
                "order_by"
            ]
        );
    }

    #[test]
    fn closing_sessions() {
        let request = v1::CloseSessionRequest {
            tenant_id: "acme".into(),
            session_id: SESSION.into(),
            force: true,
            caller_session_id: String::new(),
            caller_user_id: "Root".into(),
        };
        let (_, command) = close_session(request).unwrap();
        assert_eq!((command.force, command.own_session), (true, None));
        assert_eq!(command.own_user.unwrap().as_str(), "root");
        let request = v1::CloseSessionRequest {
            session_id: NO_SESSION.into(),
            caller_session_id: NO_SESSION.into(),
            caller_user_id: "a b".into(),
            ..Default::default()
        };
        assert_eq!(bad(close_session(request)), ["tenant_id", "session_id", "caller_session_id", "caller_user_id"]);
        let request =
            v1::CloseIdleSessionsRequest { tenant_id: "acme".into(), pool_id: " ".into(), caller_user_id: "\0".into() };
        assert_eq!(bad(close_idle(request)), ["pool_id", "caller_user_id"]);
    }

    #[test]
    fn a_watch_resumes_by_the_cursor_of_its_own_tenant() {
        let request = |tenant_id: &str, cursor: &str| v1::WatchSessionsRequest {
            tenant_id: tenant_id.into(),
            cursor: cursor.into(),
        };
        let (_, after, shape) = watch_sessions(&opaque_ids(), request("acme", "")).unwrap();
        assert_eq!(after, None);
        let cursor = shape.token(&Cursor { when: 42, ..Cursor::default() });
        assert_eq!(watch_sessions(&opaque_ids(), request("acme", &cursor)).unwrap().1, Some(EventNo(42)));
        assert_eq!(bad(watch_sessions(&opaque_ids(), request("other", &cursor))), ["cursor"]);
        assert_eq!(bad(watch_sessions(&opaque_ids(), request("", "42"))), ["tenant_id", "cursor"]);
    }
}
