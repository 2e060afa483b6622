//! EndDelivery: records the receiver's answer, and when to try again.

use std::time::Duration;

use super::deliveries::{MAX_DELIVERY_AGE, attempt, cut};
use super::tenant_command::TenantCommand;
use crate::ids::TenantId;
use crate::ledger::model::change::Action;
use crate::ledger::model::command::EndDelivery;
use crate::ledger::model::notification::{Attempt, Channel, DeliveryState, NotificationRow, Topic};
use crate::ledger::model::outcome::{Done, Refusal};
use crate::ledger::state::context::Context;
use crate::ledger::state::tenant::Tenant;

/// Pause after the first failure; each further failure doubles it.
const INITIAL_RETRY_DELAY: Duration = Duration::from_secs(60);
const MAX_RETRY_DELAY: Duration = Duration::from_secs(6 * 60 * 60);
/// Longest pause that a receiver can ask for.
const MAX_RETRY_AFTER: Duration = Duration::from_secs(24 * 60 * 60);

impl TenantCommand for EndDelivery {
    fn apply(self, tenant: &mut Tenant, ctx: &mut Context) -> Done<()> {
        tenant.end_delivery(&self, ctx);
        Ok(())
    }

    fn without_tenant(self, id: &TenantId, _: &mut Context) -> Done<()> {
        Err(Refusal::not_found("tenant", id))
    }
}

impl Tenant {
    /// Records the end of a delivery. A late end, after the next attempt began, counts only if the receiver answered.
    fn end_delivery(&mut self, command: &EndDelivery, ctx: &mut Context) {
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

    fn delivered(&mut self, mut row: NotificationRow, channel: Channel, ctx: &mut Context) {
        let Some(delivery) = row.deliveries.at(channel) else { return };
        delivery.state = DeliveryState::Done;
        delivery.error = "".into();
        let what = attempt(channel, delivery);
        ctx.log(self.about_topic(Action::NotificationDelivered, &row.topic, &what));
        self.put_notification(row, ctx);
    }
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
