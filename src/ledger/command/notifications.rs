//! What can be asked about notifications (R34).

use super::Cursor;
use crate::ids::EventNo;
use crate::ledger::notification::{Attempt, Channel, DeliveryState, Topic};

/// Says that a delivery is about to be sent. Only what is durable may be sent, so that a shard's owner alone sends.
#[derive(Debug, Clone)]
pub struct BeginDelivery {
    pub topic: Topic,
    /// Which telling: a newer one of the same topic takes the place of an older one.
    pub event: EventNo,
    pub channel: Channel,
}

/// Says what became of it.
#[derive(Debug, Clone)]
pub struct EndDelivery {
    pub topic: Topic,
    pub event: EventNo,
    pub channel: Channel,
    /// As it was begun.
    pub attempt: u32,
    pub result: Attempt,
}

/// Sends a notification again on every channel on which it is done, dead, or never went out.
#[derive(Debug, Clone)]
pub struct RedeliverNotification {
    pub topic: Topic,
}

/// Deliveries of a shard whose time has come. Addressed to a shard, not to a tenant.
#[derive(Debug, Clone)]
pub struct DueNotifications {
    pub channel: Channel,
    pub limit: usize,
}

/// Lists what was told, the newest first.
#[derive(Debug, Clone, Default)]
pub struct ListNotifications {
    /// On any channel.
    pub state: Option<DeliveryState>,
    pub after: Option<Cursor>,
    pub limit: usize,
}
