//! DueNotifications: the deliveries of a shard that are due.

use super::shard_query::ShardQuery;
use crate::ledger::model::command::DueNotifications;
use crate::ledger::model::notification::{Due, NotificationRow};
use crate::ledger::model::time::Moment;
use crate::ledger::state::budget::Budget;
use crate::ledger::state::ledger::Ledger;
use crate::ledger::state::walk::Walk;

impl ShardQuery for DueNotifications {
    fn read(&self, ledger: &Ledger, _: &mut Walk, now: Moment, _: &mut Budget) -> Option<Vec<Due>> {
        // One tenant gets a quarter: a tenant with many pools and a receiver that fails would otherwise get all.
        let share = (self.limit / 4).max(1);
        let mut found = Vec::new();
        ledger.agenda.deliveries[self.channel as usize].each_due(now.tick, |no| {
            if let Some(tenant) = &ledger.tenants[no.0 as usize] {
                let due = tenant.notifications.due(self.channel).take_while(|(at, _)| *at <= now.tick);
                let rows = due.filter_map(|(_, topic)| tenant.notifications.get(topic));
                let left = self.limit.saturating_sub(found.len()).min(share);
                let shown = |row: &NotificationRow| Due {
                    tenant: tenant.id.clone(),
                    topic: row.topic.clone(),
                    event: row.event,
                };
                found.extend(rows.take(left).map(shown));
            }
            found.len() < self.limit
        });
        Some(found)
    }
}
