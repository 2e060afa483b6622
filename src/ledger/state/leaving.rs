//! Tenants that were deleted, while their rows are being removed. From the first step on nobody sees the tenant. That
//! step is durable before it is answered: the tenant's row records it, and a load continues where the former process
//! ended. It takes several steps, because one transaction that deletes a million rows would block the shard's other
//! tenants.

use super::context::Context;
use super::ledger::Ledger;
use super::tenant::Tenant;
use crate::ids::{SessionId, TenantId};
use crate::ledger::model::change::{Action, Actor, Change, Changes, TenantState};
use crate::ledger::model::outcome::SessionEndReason;
use crate::ledger::model::time::{Moment, Tick};

/// A deleted tenant whose rows still exist.
#[derive(Debug)]
pub(in crate::ledger) struct Leaving {
    pub tenant: Box<Tenant>,
    /// Time of the deletion; after a load, time of the load.
    at: Tick,
}

impl Leaving {
    pub fn new(tenant: Box<Tenant>, at: Tick) -> Self {
        Self { tenant, at }
    }

    /// Reason and time of the end of a session that still has a row.
    pub fn end_of(&self, session: SessionId) -> Option<(SessionEndReason, Tick)> {
        let found = self.tenant.sessions.find(session)?;
        let (at, reason) =
            self.tenant.sessions.get(found).ended().unwrap_or((self.at, SessionEndReason::TenantRemoved));
        Some((reason, at))
    }
}

impl Ledger {
    /// Deletes a tenant: its sessions end, with one audit event for all of them. The audit stays.
    pub(in crate::ledger) fn delete_tenant(&mut self, id: &TenantId, actor: &Actor, now: Moment, out: &mut Changes) {
        let found = self.by_id.remove(id).and_then(|no| self.tenants[no.0 as usize].take());
        let Some(mut tenant) = found else { return };
        tenant.state = TenantState::Deleted;
        self.agenda.remove(tenant.no);
        self.tally.remove(&mut tenant);
        let pools = tenant.pools.iter();
        let ended: usize = pools.map(|pool| pool.deadlines.len() + pool.exempt_deadlines.len()).sum();
        let (_, mut ctx) = self.context(id, actor, now, out);
        ctx.put(Change::PutTenant(tenant.row()));
        let detail = format!("{id}; {ended} live sessions ended");
        ctx.log(tenant.about(Action::TenantDeleted).detail(detail));
        // The record of its license revisions outlives the tenant (R27).
        let floors = tenant.licenses.remembered(id);
        floors.iter().for_each(|floor| ctx.put(Change::PutLicenseFloor(floor.clone())));
        ctx.ended_sessions.leaving.push(Leaving::new(tenant, now.tick));
        self.floors.put(id, floors);
    }

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
