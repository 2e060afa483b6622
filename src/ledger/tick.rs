//! The shard's own regular work: ends what is overdue, notices who is Idle, looks at what dates bring, writes last activity
//! and counts of denials. It costs what is due, and goes in steps, between which the writer serves others. Correctness
//! never waits for it (R18).

use super::Ledger;
use super::budget::Budget;
use super::change::{Actor, Change, Changes};
use super::checkpoint::ROWS_PER_TICK;
use super::context::Context;
use super::denials::COUNTS_PER_TICK;
use super::tenant::Tenant;
use super::time::{Moment, Tick};
use crate::ids::{PoolNo, TenantNo};

/// A tick under way.
#[derive(Debug, Clone, Copy)]
pub struct Ticking {
    /// The last one before a stop writes everything.
    all: bool,
    /// Rows of last activity that this one may still write: bounds what activity adds to the store.
    rows: u32,
    /// The same of counts of denials.
    counts: u32,
}

impl Ticking {
    #[must_use]
    pub fn new(all: bool) -> Self {
        let most = |of_one| if all { u32::MAX } else { of_one };
        Self { all, rows: most(ROWS_PER_TICK), counts: most(COUNTS_PER_TICK) }
    }
}

impl Ledger {
    /// Does everything that is due at `now`, in one go.
    pub fn tick(&mut self, now: Moment, all: bool, out: &mut Changes) {
        let mut ticking = Ticking::new(all);
        while !self.tick_on(&mut ticking, now, out) || self.is_unfinished() {
            self.run_unfinished(now, out);
        }
    }

    /// Takes one step of a tick; true: nothing more is due. Each step goes on where there is something to do, so nothing is
    /// lost with a tick that is not gone on with.
    pub fn tick_on(&mut self, ticking: &mut Ticking, now: Moment, out: &mut Changes) -> bool {
        self.mark.observe(now);
        self.budget.begin();
        while let Some(no) = self.agenda.first_due(now.tick, self.mark.license_time(now)) {
            if self.budget.is_spent() {
                return false;
            }
            self.tick_tenant(no, now, out);
        }
        while let Some((tenant, session)) =
            (ticking.rows > 0).then(|| self.checkpoint.next(now.tick, ticking.all)).flatten()
        {
            ticking.rows -= 1;
            self.budget.write(Budget::WRITE);
            if let Some(tenant) = self.tenants[tenant.0 as usize].as_mut() {
                tenant.checkpoint(session, out);
            }
            if self.budget.is_spent() {
                return false;
            }
        }
        self.denials.tick(now.tick, &mut ticking.counts, &mut self.budget, out) && self.tally(now)
    }

    /// Does what time has to do in one tenant, as far as the budget goes. What is left comes after the others that are due.
    pub(super) fn tick_tenant(&mut self, no: TenantNo, now: Moment, out: &mut Changes) {
        if !self.renew(no, now, out) {
            return; // It is due still.
        }
        let actor = Actor::service();
        let (found, mut ctx) = self.step_of(no, &actor, now, out);
        if let Some(tenant) = found {
            tenant.due = Tick::NEVER;
            let done = tenant.pass_time(&mut ctx);
            let due = if done { tenant.first_due() } else { now.tick };
            let due = due.min(tenant.due);
            self.agenda.move_to(self.tenants[no.0 as usize].as_deref_mut().expect("the tenant just seen"), due);
        } else {
            self.agenda.remove(no);
        }
        self.file(no);
    }

    /// Puts down what changed of a tenant in what the shard keeps of all of them: when time comes to it, and the sums.
    pub(super) fn file(&mut self, no: TenantNo) {
        if let Some(tenant) = self.tenants[no.0 as usize].as_deref_mut() {
            self.agenda.put(tenant);
            self.tally.put(tenant);
        }
    }
}

impl Tenant {
    /// True: everything that is due was done.
    fn pass_time(&mut self, ctx: &mut Context) -> bool {
        let now = ctx.now.tick;
        ctx.budget.spend(Budget::LOOK);
        let mut done = self.mark_idle(now, ctx.budget);
        for no in 0..self.pools.iter().len() {
            let no = PoolNo(no as u16);
            if self.pools.get(no).noted().is_some_and(|noted| noted <= now) {
                done &= self.end_overdue(no, ctx);
            }
        }
        ctx.budget.spend_each(self.pools.iter().len(), 5);
        // What is left comes in this tenant's next step, and people are notified of what all of it brought about.
        if done {
            ctx.budget.for_notifications();
            self.look_around(ctx);
        }
        done
    }

    /// Writes a session's last activity.
    fn checkpoint(&mut self, session: crate::ids::SessionId, out: &mut Changes) {
        let Some(slot) = self.sessions.find(session) else { return };
        let no = self.no;
        let session = self.sessions.get_mut(slot);
        session.touched = false;
        if session.is_live() {
            out.rows.push(Change::PutSession(session.row(no, self.users.last_sign_in(session.user))));
        }
    }
}
