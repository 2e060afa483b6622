//! Context of one command in the ledger: the moment, the actor, and where its effects are written.

use std::collections::VecDeque;

use super::audit_draft::AuditDraft;
use super::budget::Budget;
use super::limit_basis::LimitBasis;
use super::rates::Limiter;
use super::redeliveries::Redeliveries;
use crate::ids::{EventNo, TenantNo};
use crate::ledger::model::change::{Actor, Change, Changes};
use crate::ledger::model::time::Moment;

/// Borrows the ledger's shared state for one command or one step of it, see `Ledger::context`.
pub(in crate::ledger) struct Context<'a> {
    pub now: Moment,
    pub actor: &'a Actor,
    /// Seats per pool of a tenant without any license (R30).
    pub demo_seats: u64,
    /// Channels by which notifications can be sent (R34).
    pub channels: crate::ledger::model::notification::Channels,
    /// The wall time by which dates of licenses are judged (R31).
    pub license_time: crate::ledger::model::time::WallTime,
    pub last_event: &'a mut EventNo,
    pub denials: &'a mut super::denials::Denials,
    /// Budgets of each tenant: users admitted at login, and notifications delivered again.
    pub admissions: &'a mut Limiter<TenantNo>,
    pub redeliveries: &'a mut Redeliveries,
    pub ended_sessions: &'a mut super::ended_sessions::EndedSessions,
    pub checkpoint: &'a mut super::checkpoint::Queue,
    /// Work that this step may still do.
    pub budget: &'a mut Budget,
    /// See [`Context::mark_unfinished`].
    pub unfinished: &'a mut VecDeque<TenantNo>,
    pub out: &'a mut Changes,
}

impl Context<'_> {
    /// What limits are judged by in this command.
    pub fn limit_basis(&self) -> LimitBasis {
        LimitBasis { now: self.now, license_time: self.license_time, demo_seats: self.demo_seats }
    }

    /// Adds a change of a row, and charges it.
    pub fn put(&mut self, change: Change) {
        self.budget.write(if change.is_deletion() { Budget::WRITE / 2 } else { Budget::WRITE });
        self.out.rows.push(change);
    }

    /// Numbers and writes an audit event (R35).
    pub fn log(&mut self, about: AuditDraft) -> EventNo {
        self.last_event.0 += 1;
        self.charge(&about);
        let no = *self.last_event;
        self.out.events.push(about.event(no, self.now, self.actor));
        no
    }

    fn charge(&mut self, about: &AuditDraft) {
        self.budget.write(Budget::WRITE);
        self.budget.spend_each(about.detail.len(), 1);
    }

    /// Queues the tenant for a step of its own, which does the rest of its work: see
    /// [`super::ledger::Ledger::run_unfinished`].
    pub fn mark_unfinished(&mut self, tenant: TenantNo, noted: &mut bool) {
        if !std::mem::replace(noted, true) {
            self.unfinished.push_back(tenant);
        }
    }

    /// Writes a denial, or counts it with an identical one that is less than a minute old (R21). Beyond the tenant's
    /// budget of such events it is counted with all other denials of its action and reason.
    pub fn log_denial(&mut self, mut about: AuditDraft) {
        if self.denials.repeats(&about, self.now.tick, self.budget, self.out) {
            return;
        }
        let service;
        let mut actor = self.actor;
        if !self.denials.has_budget(about.tenant, self.now.tick) {
            about = about.summed();
            if self.denials.repeats(&about, self.now.tick, self.budget, self.out) {
                return;
            }
            // The event counts denials of many callers.
            service = Actor::service();
            actor = &service;
        }
        self.last_event.0 += 1;
        self.charge(&about);
        let event = about.event(*self.last_event, self.now, actor);
        self.denials.remember(event.clone(), self.now.tick);
        self.out.events.push(event);
    }
}
