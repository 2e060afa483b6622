//! The columns of notifications.

use super::table;
use crate::ids::{EventNo, TenantNo};
use crate::ledger::notification::NotificationRow;
use crate::ledger::time::Tick;
use crate::store::notifications;

table! {
    "notifications", key 2,
    row: NotificationRow {
        tenant_no: u32 = row.tenant.0,
        topic: &str = row.topic.to_string().into(),
        event_no: u64 = row.event.0,
        raised: u64 = row.raised.0,
        cleared: bool = row.cleared,
        facts: &str = notifications::facts_to_text(&row.facts).into(),
        deliveries: &str = notifications::deliveries_to_text(&row.deliveries).into(),
    },
    NotificationRow {
        tenant: TenantNo(tenant_no),
        topic: notifications::topic(topic)?,
        event: EventNo(event_no),
        raised: Tick(raised),
        cleared,
        facts: notifications::facts_from_text(facts)?,
        deliveries: notifications::deliveries_from_text(deliveries)?,
    }
}
