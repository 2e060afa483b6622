//! BeginDelivery: what it records is durable before the notification is sent.

use std::time::Duration;

use super::deliveries::MAX_DELIVERY_AGE;
use super::tenant_command::TenantCommand;
use crate::ids::TenantId;
use crate::ledger::model::command::BeginDelivery;
use crate::ledger::model::notification::{DeliveryState, Dispatch};
use crate::ledger::model::outcome::{Done, Refusal};
use crate::ledger::state::context::Context;
use crate::ledger::state::tenant::Tenant;

/// Time after which a delivery without an answer counts as lost; longer than any attempt.
const RESPONSE_TIMEOUT: Duration = Duration::from_secs(10 * 60);

impl TenantCommand for BeginDelivery {
    fn apply(self, tenant: &mut Tenant, ctx: &mut Context) -> Done<Option<Dispatch>> {
        Ok(tenant.begin_delivery(&self, ctx))
    }

    fn without_tenant(self, id: &TenantId, _: &mut Context) -> Done<Option<Dispatch>> {
        Err(Refusal::not_found("tenant", id))
    }
}

impl Tenant {
    /// Begins a delivery. Returns `None` if there is nothing to send any more.
    fn begin_delivery(&mut self, command: &BeginDelivery, ctx: &mut Context) -> Option<Dispatch> {
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
}
