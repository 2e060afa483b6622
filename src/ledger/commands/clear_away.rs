//! Deletes the rows of deleted tenants, in steps.

use crate::ledger::model::change::{Actor, Change, Changes};
use crate::ledger::model::outcome::SessionEndReason;
use crate::ledger::model::time::Moment;
use crate::ledger::state::context::Context;
use crate::ledger::state::leaving::Leaving;
use crate::ledger::state::ledger::Ledger;

impl Ledger {
    /// Takes one step of deleting the rows of the tenant that was deleted first.
    pub(in crate::ledger) fn clear_away(&mut self, now: Moment, out: &mut Changes) {
        let Some(mut leaving) = self.ended_sessions.leaving.pop() else { return };
        self.mark.observe(now);
        self.budget.begin();
        let (id, actor) = (leaving.tenant.id.clone(), Actor::service());
        let (_, mut ctx) = self.context(&id, &actor, now, out);
        while !ctx.budget.is_spent() {
            if !leaving.take_row(&mut ctx) {
                return ctx.put(Change::DeleteTenant(leaving.tenant.no));
            }
        }
        ctx.ended_sessions.leaving.put_back(leaving);
    }
}

impl Leaving {
    /// Deletes one row; rows that refer to others go first. Returns false if only a few are left, which go with the
    /// tenant.
    fn take_row(&mut self, ctx: &mut Context) -> bool {
        let (at, tenant) = (self.at, &mut *self.tenant);
        let no = tenant.no;
        if let Some(user) = tenant.users.last() {
            let holder = tenant.users.get_mut(user);
            if let Some(slot) = holder.slots.pop() {
                if let Some(session) = tenant.sessions.remove(slot) {
                    let (at, reason) = session.ended().unwrap_or((at, SessionEndReason::TenantRemoved));
                    ctx.ended_sessions.add(session.id, tenant.id.clone(), reason, at);
                    ctx.put(Change::DeleteSession(no, user, session.no));
                }
            } else if let Some(seat) = holder.seats.pop() {
                ctx.put(Change::DeleteSeat(no, user, seat.pool));
            } else {
                tenant.users.remove(user);
                ctx.put(Change::DeleteUser(no, user));
            }
            return true;
        }
        if let Some(organization) = tenant.organizations.pop() {
            ctx.put(Change::DeleteOrganization(no, organization));
            return true;
        }
        let topic = tenant.notifications.iter().next().map(|row| row.topic.clone());
        if let Some(topic) = topic {
            tenant.notifications.remove(&topic);
            ctx.put(Change::DeleteNotification(no, topic));
            return true;
        }
        false
    }
}
