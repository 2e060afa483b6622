//! Renders answers of NotificationService.

use super::seat::number;
use super::time::timestamp;
use crate::ids::{EventNo, UserId};
use crate::ledger::command::Page;
use crate::ledger::notification::{Cause, Channel, DeliveryState, DeliveryView, Facts, NotificationView};
use crate::proto::v1;
use crate::service::names::plan;
use crate::service::page::Shape;

pub fn list_notifications(
    page: Page<NotificationView>,
    shape: &Shape,
    message_id: impl Fn(EventNo) -> String,
) -> v1::ListNotificationsResponse {
    v1::ListNotificationsResponse {
        notifications: page.rows.into_iter().map(|view| notification(view, &message_id)).collect(),
        next_page_token: page.next.map_or_else(String::new, |next| shape.token(&next)),
    }
}

pub fn notification(view: NotificationView, message_id: &impl Fn(EventNo) -> String) -> v1::Notification {
    let rendered = v1::Notification {
        topic: view.topic.to_string(),
        message_id: message_id(view.event),
        raised_at: Some(timestamp(view.raised)),
        cleared: view.cleared,
        deliveries: view.deliveries.into_iter().map(delivery).collect(),
        ..v1::Notification::default()
    };
    match view.facts {
        Facts::Pool { cause: why, plan: its, limit, in_use, user } => {
            let over = limit.over(in_use);
            let (limit, unlimited) = number(limit);
            let user_id = user.as_ref().map(UserId::as_str).unwrap_or_default().to_owned();
            let (cause, plan) = (cause(why).into(), plan(its).into());
            v1::Notification { cause, plan, limit, unlimited, in_use, over, user_id, ..rendered }
        }
        Facts::License { expires, .. } => v1::Notification { expires_at: Some(timestamp(expires)), ..rendered },
    }
}

fn cause(cause: Cause) -> v1::NotificationCause {
    match cause {
        Cause::CheckOut => v1::NotificationCause::CheckOut,
        Cause::Grant => v1::NotificationCause::Grant,
        Cause::Sync => v1::NotificationCause::Sync,
        Cause::LimitShrank => v1::NotificationCause::LimitShrank,
        Cause::Level => v1::NotificationCause::Level,
        Cause::Overdraft => v1::NotificationCause::Overdraft,
    }
}

fn delivery(view: DeliveryView) -> v1::Delivery {
    let channel = match view.channel {
        Channel::Email => v1::NotificationChannel::Email,
        Channel::Webhook => v1::NotificationChannel::Webhook,
    };
    let state = match view.state {
        DeliveryState::Pending => v1::DeliveryState::Pending,
        DeliveryState::UnderWay => v1::DeliveryState::UnderWay,
        DeliveryState::Done => v1::DeliveryState::Done,
        DeliveryState::Dead => v1::DeliveryState::Dead,
    };
    v1::Delivery {
        channel: channel.into(),
        state: state.into(),
        attempts: view.attempts,
        next_attempt_at: view.next.map(timestamp),
        error: view.error.into(),
    }
}
