//! DueNotifications: the deliveries of a shard that are due.

use crate::ledger::model::command::DueNotifications;
use crate::ledger::model::notification::{Due, NotificationRow};
use crate::ledger::model::time::Moment;
use crate::ledger::state::ledger::Ledger;

impl Ledger {
    /// The deliveries of the shard that are due on a channel.
    pub(in crate::ledger) fn due(&self, query: &DueNotifications, now: Moment) -> Vec<Due> {
        // One tenant gets a quarter: a tenant with many pools and a receiver that fails would otherwise get all.
        let share = (query.limit / 4).max(1);
        let mut found = Vec::new();
        self.agenda.deliveries[query.channel as usize].each_due(now.tick, |no| {
            if let Some(tenant) = &self.tenants[no as usize] {
                let due = tenant.notifications.due(query.channel).take_while(|(at, _)| *at <= now.tick);
                let rows = due.filter_map(|(_, topic)| tenant.notifications.get(topic));
                let left = query.limit.saturating_sub(found.len()).min(share);
                let shown = |row: &NotificationRow| Due {
                    tenant: tenant.id.clone(),
                    topic: row.topic.clone(),
                    event: row.event,
                };
                found.extend(rows.take(left).map(shown));
            }
            found.len() < query.limit
        });
        found
    }
}
