//! Deliveries of notifications. The begin of a delivery is durable before it is sent, so that only the shard's owner
//! sends; its end records the receiver's answer. A delivery without an end, after a crash, is sent again with the same
//! id.

use std::time::Duration;

use super::notify::fresh_delivery;
use crate::ids::{EventNo, TenantId};
use crate::ledger::model::change::Action;
use crate::ledger::model::command::{BeginDelivery, EndDelivery, RedeliverNotification};
use crate::ledger::model::notification::{
    Attempt, Channel, Delivery, DeliveryState, Dispatch, NotificationRow, NotificationView, Topic,
};
use crate::ledger::model::outcome::{Done, Refusal};
use crate::ledger::model::time::Tick;
use crate::ledger::state::context::Context;
use crate::ledger::state::tenant::Tenant;

/// Time after which a delivery without an answer counts as lost; longer than any attempt.
const RESPONSE_TIMEOUT: Duration = Duration::from_secs(10 * 60);
/// Pause after the first failure; each further failure doubles it.
const INITIAL_RETRY_DELAY: Duration = Duration::from_secs(60);
const MAX_RETRY_DELAY: Duration = Duration::from_secs(6 * 60 * 60);
/// Longest pause that a receiver can ask for.
const MAX_RETRY_AFTER: Duration = Duration::from_secs(24 * 60 * 60);
/// Age at which a delivery is given up.
const MAX_DELIVERY_AGE: Duration = Duration::from_secs(3 * 24 * 60 * 60);
/// Length to which the text of a failure is cut, in characters.
const MAX_ERROR_CHARS: usize = 300;

impl Tenant {
    /// Begins a delivery. Returns `None` if there is nothing to send any more.
    pub fn begin_delivery(&mut self, command: &BeginDelivery, ctx: &mut Context) -> Option<Dispatch> {
        let mut row = self.notification_for(&command.topic, command.event)?.clone();
        let reached = self.reaches(command.channel, ctx);
        let delivery = row.deliveries.at(command.channel).as_mut()?;
        if !delivery.is_open() || delivery.next > ctx.now.tick {
            return None;
        }
        let given_up = ctx.now.tick.since(delivery.since) > MAX_DELIVERY_AGE;
        if !reached || given_up {
            let why = if reached { "not sent in time" } else { "this channel has no recipient" };
            self.give_up(row, command.channel, why, ctx);
            return None;
        }
        delivery.state = DeliveryState::UnderWay;
        delivery.attempts = delivery.attempts.saturating_add(1);
        delivery.next = ctx.now.tick + RESPONSE_TIMEOUT;
        let dispatch = Dispatch {
            tenant: self.id.clone(),
            display_name: self.display_name.clone(),
            responsible_person: self.policy.responsible_person.clone(),
            attempt: delivery.attempts,
            notification: row.view(ctx.now),
        };
        self.put_notification(row, ctx);
        Some(dispatch)
    }

    /// Records the end of a delivery. A late end, after the next attempt began, counts only if the receiver answered.
    pub fn end_delivery(&mut self, command: &EndDelivery, ctx: &mut Context) {
        let Some(mut row) = self.notification_for(&command.topic, command.event).cloned() else { return };
        let Some(delivery) = row.deliveries.at(command.channel) else { return };
        let stale = delivery.attempts != command.attempt || delivery.state != DeliveryState::UnderWay;
        if !delivery.is_open() || (stale && command.result != Attempt::Answered) {
            return;
        }
        let (why, least) = match &command.result {
            Attempt::Answered => return self.delivered(row, command.channel, ctx),
            Attempt::Refused(why) => return self.give_up(row, command.channel, why, ctx),
            Attempt::Failed(why) => (why, Duration::ZERO),
            Attempt::Later(why, least) => (why, (*least).min(MAX_RETRY_AFTER)),
        };
        let pause = pause(&self.id, &command.topic, delivery.attempts).max(least);
        if ctx.now.tick.since(delivery.since) + pause > MAX_DELIVERY_AGE {
            return self.give_up(row, command.channel, why, ctx);
        }
        (delivery.state, delivery.next) = (DeliveryState::Pending, ctx.now.tick + pause);
        delivery.error = cut(why);
        let what = format!("{} failed: {}", attempt(command.channel, delivery), delivery.error);
        ctx.log(self.about_topic(Action::NotificationFailed, &command.topic, &what));
        self.put_notification(row, ctx);
    }

    pub fn redeliver(&mut self, command: &RedeliverNotification, ctx: &mut Context) -> Done<NotificationView> {
        let missing = || Refusal::not_found("notification", &command.topic);
        let mut row = self.notifications.get(&command.topic).ok_or_else(missing)?.clone();
        let channels: Vec<Channel> = Channel::ALL.into_iter().filter(|one| self.reaches(*one, ctx)).collect();
        if channels.is_empty() {
            return Err(Refusal::Precondition {
                reason: ErrorReason::NoNotificationChannel,
                subject: command.topic.to_string(),
                text: "no notification channel is configured for this tenant".into(),
            });
        }
        let mut words = Vec::new();
        for channel in channels {
            let delivery = row.deliveries.at(channel);
            if delivery.as_ref().is_none_or(|delivery| !delivery.is_open()) {
                *delivery = Some(fresh_delivery(ctx.now.tick));
                words.push(channel.word());
            }
        }
        let shown = row.view(ctx.now);
        if !words.is_empty() {
            ctx.redeliveries.take(self.no, &command.topic, ctx.now.tick)?;
            ctx.log(self.about_topic(Action::NotificationRedelivered, &command.topic, &words.join(", ")));
            self.put_notification(row, ctx);
        }
        Ok(shown)
    }

    /// The notification of this event, unless a newer one replaced it.
    fn notification_for(&self, topic: &Topic, event: EventNo) -> Option<&NotificationRow> {
        self.notifications.get(topic).filter(|row| row.event == event)
    }

    fn delivered(&mut self, mut row: NotificationRow, channel: Channel, ctx: &mut Context) {
        let Some(delivery) = row.deliveries.at(channel) else { return };
        delivery.state = DeliveryState::Done;
        delivery.error = "".into();
        let what = attempt(channel, delivery);
        ctx.log(self.about_topic(Action::NotificationDelivered, &row.topic, &what));
        self.put_notification(row, ctx);
    }

    /// Ends a delivery as a dead letter.
    fn give_up(&mut self, mut row: NotificationRow, channel: Channel, why: &str, ctx: &mut Context) {
        let Some(delivery) = row.deliveries.at(channel) else { return };
        delivery.state = DeliveryState::Dead;
        delivery.error = cut(why);
        let what = format!("{} failed and is given up: {}", attempt(channel, delivery), delivery.error);
        ctx.log(self.about_topic(Action::NotificationFailed, &row.topic, &what));
        self.put_notification(row, ctx);
    }
}

fn attempt(channel: Channel, delivery: &Delivery) -> String {
    format!("{}, attempt {}", channel.word(), delivery.attempts)
}

fn cut(text: &str) -> Box<str> {
    text.chars().take(MAX_ERROR_CHARS).collect::<String>().into()
}

/// Pause before the next attempt: doubles from a minute to six hours, plus up to an eighth, so that deliveries that
/// failed together are not repeated together. The tenant sees it, so it depends on nothing that other tenants
/// influence, such as the event's number (R1).
fn pause(tenant: &TenantId, topic: &Topic, attempts: u32) -> Duration {
    let doubled = INITIAL_RETRY_DELAY.saturating_mul(1_u32.checked_shl(attempts.saturating_sub(1)).unwrap_or(u32::MAX));
    let pause = doubled.min(MAX_RETRY_DELAY);
    let name = format!("{tenant}/{topic}/{attempts}");
    let hash = name.bytes().fold(0, |hash: u64, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3));
    // Odd, with its bits spread out, so that similar hashes become very different.
    let spread = hash.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 56;
    pause + pause / 8 * u32::try_from(spread).unwrap_or(0) / 256
}

#[cfg(test)]
mod tests {
    use super::*;

    fn topic() -> Topic {
        Topic::parse("exceeded/primary").unwrap()
    }

    #[test]
    fn pauses_double_up_to_six_hours_and_an_eighth_at_most_is_added() {
        for tenant in 0..100 {
            let tenant = TenantId::stored(&format!("tenant {tenant}"));
            for (attempts, minutes) in [(1, 1), (2, 2), (3, 4), (9, 256), (10, 360), (40, 360), (u32::MAX, 360)] {
                let least = Duration::from_secs(60 * minutes);
                let pause = pause(&tenant, &topic(), attempts);
                assert!((least..=least + least / 8).contains(&pause), "{attempts}: {pause:?}");
            }
        }
        let of = |tenant: &str| pause(&TenantId::stored(tenant), &topic(), 5);
        assert_ne!(of("acme"), of("other"), "what failed together comes back apart");
    }
}
