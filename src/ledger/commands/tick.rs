//! Regular work of a shard: ends overdue sessions, marks Idle users, notes silent clients, looks at dates that have come,
//! and writes last activity and counts of denials. A tick costs what is due, and takes several steps, between which the
//! writer serves others. No decision waits for a tick (R18).

use crate::ids::{PoolNo, TenantNo};
use crate::ledger::model::change::{Actor, Change, Changes};
use crate::ledger::model::time::{Moment, Tick};
use crate::ledger::state::budget::Budget;
use crate::ledger::state::checkpoint::ROWS_PER_TICK;
use crate::ledger::state::context::Context;
use crate::ledger::state::denials::COUNTS_PER_TICK;
use crate::ledger::state::ledger::Ledger;
use crate::ledger::state::tenant::Tenant;

/// A tick in progress.
#[derive(Debug, Clone, Copy)]
pub struct Ticking {
    /// All activity until this time is written, although it is not due yet.
    all_until: Tick,
    /// Rows of last activity that this tick may still write: bounds the writes that activity causes.
    rows: u32,
    /// Counts of denials that this tick may still write.
    counts: u32,
}

impl Ticking {
    /// A regular tick, or, with `all`, the last one before a stop, which writes everything.
    #[must_use]
    pub fn new(all: bool) -> Self {
        if all {
            return Self::all_until(Tick::NEVER);
        }
        Self { all_until: Tick::default(), rows: ROWS_PER_TICK, counts: COUNTS_PER_TICK }
    }

    /// Writes all activity until `until`. In contrast to a last tick, it ends while sessions go on being active.
    #[must_use]
    pub fn all_until(until: Tick) -> Self {
        Self { all_until: until, rows: u32::MAX, counts: u32::MAX }
    }
}

impl Ledger {
    /// Does everything that is due at `now`, with all steps.
    pub fn tick(&mut self, now: Moment, all: bool, out: &mut Changes) {
        let mut ticking = Ticking::new(all);
        while !self.tick_on(&mut ticking, now, out) || self.is_unfinished() {
            self.run_unfinished(now, out);
        }
    }

    /// Takes one step of a tick; returns true if nothing more is due. Each step finds what is due by itself, so a tick
    /// can be given up after any step without loss.
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
            (ticking.rows > 0).then(|| self.checkpoint.next(now.tick, ticking.all_until)).flatten()
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

    /// Does what is due in one tenant, as far as the budget allows. The rest comes after other tenants that are due.
    pub(in crate::ledger) fn tick_tenant(&mut self, no: TenantNo, now: Moment, out: &mut Changes) {
        if !self.renew(no, now, out) {
            return; // Still due: the next step continues.
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
        self.update_shard_state(no);
    }

    /// Updates what the shard keeps about this tenant: its next due time (agenda) and its part of the sums (tally).
    pub(in crate::ledger) fn update_shard_state(&mut self, no: TenantNo) {
        if let Some(tenant) = self.tenants[no.0 as usize].as_deref_mut() {
            self.agenda.put(tenant);
            self.tally.put(tenant);
        }
    }
}

impl Ledger {
    /// Number of sessions whose last activity is in memory only.
    #[must_use]
    pub fn unwritten(&self) -> usize {
        self.checkpoint.len()
    }
}

impl Tenant {
    /// Does what is due in this tenant; returns true if nothing is left.
    fn pass_time(&mut self, ctx: &mut Context) -> bool {
        let now = ctx.now.tick;
        ctx.budget.spend(Budget::READ);
        let mut done = self.mark_idle(now, ctx.budget);
        for no in 0..self.pools.iter().len() {
            let no = PoolNo(no as u16);
            if self.pools.get(no).noted().is_some_and(|noted| noted <= now) {
                done &= self.end_overdue(no, ctx);
            }
        }
        done &= self.note_silence(ctx);
        ctx.budget.spend_each(self.pools.iter().len(), 5);
        // Otherwise the tenant's next step continues, and notifications are about the effect of all steps.
        if done {
            ctx.budget.for_notifications();
            self.update_notifications(ctx);
        }
        done
    }

    /// Writes the last activity of a session.
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
