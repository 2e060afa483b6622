//! `usher notifications`

use super::list::List;
use super::table::left;
use super::words::{limit, time_or};
use super::{Error, Printer, Rendered, Usher};
use crate::cli::notifications as cli;
use crate::proto::v1::{
    Delivery, DeliveryState, ListNotificationsRequest, Notification, NotificationCause, NotificationChannel,
    RedeliverNotificationRequest,
};

const LIST: List<Notification> = List {
    name: "notifications",
    columns: &[left("topic"), left("told"), left("what"), left("state"), left("deliveries")],
    row,
    none: "nothing was told",
};

/// Prints the notifications of a tenant.
///
/// # Errors
/// [`Error`]
pub async fn list(usher: &Usher, printer: &mut Printer, args: &cli::List) -> Result<(), Error> {
    let state = args.state.map_or(DeliveryState::Unspecified, |state| match state {
        cli::State::Pending => DeliveryState::Pending,
        cli::State::UnderWay => DeliveryState::UnderWay,
        cli::State::Done => DeliveryState::Done,
        cli::State::Dead => DeliveryState::Dead,
    });
    let page = async |page_size, page_token| {
        let tenant_id = usher.tenant.clone();
        let request = ListNotificationsRequest { tenant_id, page_size, page_token, state: state.into() };
        let page = usher.answer(usher.notifications().list_notifications(usher.request(request))).await?;
        Ok((page.notifications, page.next_page_token))
    };
    LIST.print(printer, args.limit, page).await
}

/// Sends a notification once more.
///
/// # Errors
/// [`Error`]
pub async fn redeliver(usher: &Usher, printer: &mut Printer, args: &cli::Redeliver) -> Result<(), Error> {
    let request = RedeliverNotificationRequest { tenant_id: usher.tenant.clone(), topic: args.topic.clone() };
    let answer = usher.answer(usher.notifications().redeliver_notification(usher.request(request))).await?;
    let notification = answer.notification.clone().unwrap_or_default();
    printer.print(&Rendered::new(&answer, format!("{}: {}\n", notification.topic, deliveries(&notification))))
}

fn row(notification: &Notification) -> Vec<String> {
    let state = if notification.cleared { "over" } else { "open" };
    vec![
        notification.topic.clone(),
        time_or(notification.raised_at, "never"),
        what(notification),
        state.into(),
        deliveries(notification),
    ]
}

fn what(notification: &Notification) -> String {
    let numbers = format!("{}/{}", notification.in_use, limit(notification.limit, notification.unlimited));
    let whom = if notification.user_id.is_empty() { String::new() } else { format!(" for {}", notification.user_id) };
    match notification.cause() {
        NotificationCause::Unspecified => format!("ends {}", time_or(notification.expires_at, "never")),
        NotificationCause::CheckOut => format!("login refused{whom}, {numbers}"),
        NotificationCause::Grant => format!("seat refused{whom}, {numbers}"),
        NotificationCause::Sync => format!("seat refused{whom} in a sync, {numbers}"),
        NotificationCause::LimitShrank => format!("over by {}, {numbers}", notification.over),
        NotificationCause::Level => format!("in use {numbers}"),
    }
}

fn deliveries(notification: &Notification) -> String {
    let all: Vec<String> = notification.deliveries.iter().map(delivery).collect();
    if all.is_empty() { "not sent".into() } else { all.join("; ") }
}

fn delivery(one: &Delivery) -> String {
    let channel = match one.channel() {
        NotificationChannel::Unspecified => "?",
        NotificationChannel::Email => "email",
        NotificationChannel::Webhook => "webhook",
    };
    let state = match one.state() {
        DeliveryState::Unspecified => "not known",
        DeliveryState::Pending => "pending",
        DeliveryState::UnderWay => "under way",
        DeliveryState::Done => "done",
        DeliveryState::Dead => "dead",
    };
    let why = if one.error.is_empty() { String::new() } else { format!(" ({})", one.error) };
    format!("{channel} {state}, attempts {}{why}", one.attempts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_says_what_was_told_and_how_it_went() {
        let dead = Delivery {
            channel: NotificationChannel::Email.into(),
            state: DeliveryState::Dead.into(),
            attempts: 3,
            error: "550 no such user".into(),
            ..Default::default()
        };
        let notification = Notification {
            topic: "exceeded/crm".into(),
            cause: NotificationCause::Grant.into(),
            limit: 3,
            in_use: 3,
            user_id: "cid".into(),
            deliveries: vec![dead],
            ..Default::default()
        };
        assert_eq!(
            row(&notification),
            ["exceeded/crm", "never", "seat refused for cid, 3/3", "open", "email dead, attempts 3 (550 no such user)"]
        );
        let over =
            Notification { cause: NotificationCause::LimitShrank.into(), over: 2, in_use: 5, limit: 3, ..notification };
        assert_eq!(what(&over), "over by 2, 5/3");
        assert_eq!(row(&Notification { cleared: true, ..Default::default() })[2..], ["ends never", "over", "not sent"]);
    }
}
