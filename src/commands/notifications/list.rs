//! `usher notifications list`

use clap::{Args, ValueEnum};

use crate::commands::connection::{TenantArgs, Usher, call_tenant};
use crate::commands::error::Error;
use crate::commands::output::Printer;
use crate::commands::output::list::List;
use crate::commands::output::table::left;
use crate::commands::output::words::{limit, time_or};
use crate::failure::Failure;
use crate::proto::v1::{
    Delivery, DeliveryState, ListNotificationsRequest, Notification, NotificationCause, NotificationChannel,
};

#[derive(Debug, Args)]
pub struct ListArgs {
    #[command(flatten)]
    pub scope: TenantArgs,
    /// Only those with a delivery in this state
    #[arg(long, value_enum)]
    pub state: Option<State>,
    /// So many rows at most
    #[arg(long, value_name = "ROWS")]
    pub limit: Option<u64>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum State {
    /// Still to be sent
    Pending,
    /// Sent; the answer is not known
    UnderWay,
    /// The receiver has it
    Done,
    /// Given up, or refused
    Dead,
}

/// Prints the notifications of a tenant.
pub async fn run(args: &ListArgs) -> Result<(), Failure> {
    call_tenant(&args.scope, async |usher, printer| list(usher, printer, args).await).await
}

const LIST: List<Notification> = List {
    name: "notifications",
    columns: &[left("topic"), left("raised"), left("what"), left("state"), left("deliveries")],
    row,
    none: "no notifications",
};

async fn list(usher: &Usher, printer: &mut Printer, args: &ListArgs) -> Result<(), Error> {
    let state = args.state.map_or(DeliveryState::Unspecified, |state| match state {
        State::Pending => DeliveryState::Pending,
        State::UnderWay => DeliveryState::UnderWay,
        State::Done => DeliveryState::Done,
        State::Dead => DeliveryState::Dead,
    });
    let page = async |page_size, page_token| {
        let tenant_id = usher.tenant.clone();
        let request = ListNotificationsRequest { tenant_id, page_size, page_token, state: state.into() };
        let page = usher.answer(usher.notifications().list_notifications(usher.request(request))).await?;
        Ok((page.notifications, page.next_page_token))
    };
    LIST.print(printer, args.limit, page).await
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
        NotificationCause::Overdraft => format!("above the limit by {}, {numbers}", notification.over),
    }
}

/// The deliveries of a notification, one after the other.
pub fn deliveries(notification: &Notification) -> String {
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
    fn a_row_shows_the_notification_and_its_outcome() {
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
