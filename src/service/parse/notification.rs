//! Parses requests of NotificationService.

use super::list::{Paging, paging};
use super::values::choice;
use crate::ids::TenantId;
use crate::ledger::command::{ListNotifications, RedeliverNotification};
use crate::ledger::notification::{DeliveryState, Topic};
use crate::opaque_id::OpaqueIds;
use crate::proto::v1;
use crate::service::page::Shape;
use crate::status::FieldViolations;

pub fn list_notifications(
    opaque_ids: &OpaqueIds,
    mut request: v1::ListNotificationsRequest,
) -> Result<(TenantId, ListNotifications, Shape), FieldViolations> {
    let mut problems = FieldViolations::default();
    let size = std::mem::take(&mut request.page_size);
    let token = std::mem::take(&mut request.page_token);
    let Paging { shape, after, limit } = paging(&mut problems, opaque_ids, "ListNotifications", &request, size, &token);
    let tenant = problems.tenant(&request.tenant_id);
    let state = choice(&mut problems, "state", request.state).and_then(|state| match state {
        v1::DeliveryState::Unspecified => None,
        v1::DeliveryState::Pending => Some(DeliveryState::Pending),
        v1::DeliveryState::UnderWay => Some(DeliveryState::UnderWay),
        v1::DeliveryState::Done => Some(DeliveryState::Done),
        v1::DeliveryState::Dead => Some(DeliveryState::Dead),
    });
    problems.finish(|| Some((tenant?, ListNotifications { state, after, limit }, shape)))
}

pub fn redeliver_notification(
    request: v1::RedeliverNotificationRequest,
) -> Result<(TenantId, RedeliverNotification), FieldViolations> {
    let mut problems = FieldViolations::default();
    let tenant = problems.tenant(&request.tenant_id);
    let topic = Topic::parse(&request.topic);
    if topic.is_none() {
        problems.add("topic", "must be a topic as ListNotifications answers it, such as exceeded/primary");
    }
    problems.finish(|| Some((tenant?, RedeliverNotification { topic: topic? })))
}

#[cfg(test)]
mod tests {
    use super::super::testing::{fields, opaque_ids};
    use super::*;

    #[test]
    fn every_mistake_is_named() {
        let list = |state| v1::ListNotificationsRequest { state, page_size: -1, ..Default::default() };
        assert_eq!(
            fields(list_notifications(&opaque_ids(), list(9)).unwrap_err()),
            ["page_size", "tenant_id", "state"]
        );
        let topic = |topic: &str| v1::RedeliverNotificationRequest { tenant_id: "acme".into(), topic: topic.into() };
        assert_eq!(fields(redeliver_notification(topic("exceeded")).unwrap_err()), ["topic"]);
        let (_, command) = redeliver_notification(topic("warning-75/crm")).unwrap();
        assert_eq!(command.topic.to_string(), "warning-75/crm");
    }

    #[test]
    fn dead_letters_are_asked_for_by_their_state() {
        let dead = v1::DeliveryState::Dead.into();
        let request = v1::ListNotificationsRequest { tenant_id: "acme".into(), state: dead, ..Default::default() };
        let (_, query, _) = list_notifications(&opaque_ids(), request).unwrap();
        assert_eq!((query.state, query.limit), (Some(DeliveryState::Dead), 100));
    }
}
