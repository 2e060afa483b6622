//! What the commands about deliveries of notifications share. The begin of a delivery is durable before it is sent, so
//! that only the shard's owner sends; its end records the receiver's answer. A delivery without an end, after a crash,
//! is sent again with the same id.

use std::time::Duration;

use crate::ids::EventNo;
use crate::ledger::model::change::Action;
use crate::ledger::model::notification::{Channel, Delivery, DeliveryState, NotificationRow, Topic};
use crate::ledger::state::context::Context;
use crate::ledger::state::tenant::Tenant;

/// Age at which a delivery is given up.
pub(in crate::ledger) const MAX_DELIVERY_AGE: Duration = Duration::from_secs(3 * 24 * 60 * 60);
/// Length to which the text of a failure is cut, in characters.
const MAX_ERROR_CHARS: usize = 300;

impl Tenant {
    /// The notification of this event, unless a newer one replaced it.
    pub fn notification_for(&self, topic: &Topic, event: EventNo) -> Option<&NotificationRow> {
        self.notifications.get(topic).filter(|row| row.event == event)
    }

    /// Ends a delivery as a dead letter.
    pub fn give_up(&mut self, mut row: NotificationRow, channel: Channel, why: &str, ctx: &mut Context) {
        let Some(delivery) = row.deliveries.at(channel) else { return };
        delivery.state = DeliveryState::Dead;
        delivery.error = cut(why);
        let what = format!("{} failed and is given up: {}", attempt(channel, delivery), delivery.error);
        ctx.log(self.about_topic(Action::NotificationFailed, &row.topic, &what));
        self.put_notification(row, ctx);
    }
}

/// Text for the audit.
pub(in crate::ledger) fn attempt(channel: Channel, delivery: &Delivery) -> String {
    format!("{}, attempt {}", channel.word(), delivery.attempts)
}

/// Cuts the text of a failure.
pub(in crate::ledger) fn cut(text: &str) -> Box<str> {
    text.chars().take(MAX_ERROR_CHARS).collect::<String>().into()
}
