//! ListNotifications: the notifications of a tenant, newest first.

use super::tenant_query::{QueryContext, TenantQuery};
use crate::ledger::model::command::{Cursor, ListNotifications, Page};
use crate::ledger::model::notification::{NotificationRow, NotificationView, Topic};
use crate::ledger::model::outcome::Done;
use crate::ledger::model::time::Moment;
use crate::ledger::state::budget::Budget;
use crate::ledger::state::tenant::Tenant;
use crate::ledger::state::walk::{Cut, Key, Walk, Weight};

impl TenantQuery for ListNotifications {
    fn read(&self, tenant: &Tenant, ctx: &mut QueryContext) -> Option<Done<Page<NotificationView>>> {
        tenant.list_notifications(self, ctx.walk, ctx.basis.now, ctx.budget).map(Ok)
    }
}

impl Tenant {
    /// Returns `None` if there are more steps to take.
    fn list_notifications(
        &self,
        query: &ListNotifications,
        walk: &mut Walk,
        now: Moment,
        budget: &mut Budget,
    ) -> Option<Page<NotificationView>> {
        let cut = Cut::new(query.after.as_ref(), true, query.limit);
        let fits = |row: &NotificationRow| {
            query.state.is_none_or(|state| row.deliveries.iter().any(|delivery| delivery.state == state))
        };
        while !walk.is_over()
            && let Some(row) = self.notifications.behind(walk.last.as_deref().and_then(Topic::parse).as_ref())
        {
            if budget.is_spent() {
                return None;
            }
            budget.spend(3 * Budget::READ);
            let id = row.topic.to_string();
            let key = Key { when: row.raised.0, name: &[], id: &id };
            if fits(row) && walk.takes(cut, key) {
                walk.take(cut, key, 0, budget);
            }
            walk.last = Some(id);
        }
        walk.is_ready(budget).then(|| {
            let at = |key: &Cursor| Topic::parse(&key.id).and_then(|topic| self.notifications.get(&topic));
            let weigh = |key: &Cursor, _| at(key).map(|_| Weight::new(1_500, 0));
            walk.page(cut, budget, weigh, |key, _| at(key).expect("one that was weighed").view(now))
        })
    }
}
