//! RedeliverNotification: sends a notification again on every channel on which no delivery is open.

use super::notify::fresh_delivery;
use super::tenant_command::TenantCommand;
use crate::error_reason::ErrorReason;
use crate::ids::TenantId;
use crate::ledger::model::change::Action;
use crate::ledger::model::command::RedeliverNotification;
use crate::ledger::model::notification::{Channel, NotificationView};
use crate::ledger::model::outcome::{Done, Refusal};
use crate::ledger::state::context::Context;
use crate::ledger::state::tenant::Tenant;

impl TenantCommand for RedeliverNotification {
    fn apply(self, tenant: &mut Tenant, ctx: &mut Context) -> Done<NotificationView> {
        let missing = || Refusal::not_found("notification", &self.topic);
        let mut row = tenant.notifications.get(&self.topic).ok_or_else(missing)?.clone();
        let channels: Vec<Channel> = Channel::ALL.into_iter().filter(|one| tenant.reaches(*one, ctx)).collect();
        if channels.is_empty() {
            return Err(Refusal::Precondition {
                reason: ErrorReason::NoNotificationChannel,
                subject: self.topic.to_string(),
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
            ctx.redeliveries.take(tenant.no, &self.topic, ctx.now.tick)?;
            ctx.log(tenant.about_topic(Action::NotificationRedelivered, &self.topic, &words.join(", ")));
            tenant.put_notification(row, ctx);
        }
        Ok(shown)
    }

    fn without_tenant(self, id: &TenantId, _: &mut Context) -> Done<NotificationView> {
        Err(Refusal::not_found("tenant", id))
    }
}
