//! Commands and queries about notifications (R34).

use super::Cursor;
use crate::ids::EventNo;
use crate::ledger::model::notification::{Attempt, Channel, DeliveryState, Topic};

/// Begins a delivery. Only a delivery whose begin is durable may be sent, so that only the shard's owner sends.
#[derive(Debug, Clone)]
pub struct BeginDelivery {
    pub topic: Topic,
    /// Audit event of the notification: a newer notification of the same topic replaces an older one.
    pub event: EventNo,
    pub channel: Channel,
}

/// Records the result of a delivery.
#[derive(Debug, Clone)]
pub struct EndDelivery {
    pub topic: Topic,
    pub event: EventNo,
    pub channel: Channel,
    /// Number of the attempt, from its begin.
    pub attempt: u32,
    pub result: Attempt,
}

/// Sends a notification again on every channel on which it was confirmed, given up, or never sent.
#[derive(Debug, Clone)]
pub struct RedeliverNotification {
    pub topic: Topic,
}

/// Returns the deliveries of a shard that are due. Addressed to a shard, not to a tenant.
#[derive(Debug, Clone)]
pub struct DueNotifications {
    pub channel: Channel,
    pub limit: usize,
}

/// Lists notifications, newest first.
#[derive(Debug, Clone, Default)]
pub struct ListNotifications {
    /// State on any channel.
    pub state: Option<DeliveryState>,
    pub after: Option<Cursor>,
    pub limit: usize,
}
