//! State of one ledger: the tenants of a shard, and what they share.

use std::collections::VecDeque;

use super::agenda::Agenda;
use super::all_floors::AllFloors;
use super::budget::Budget;
use super::checkpoint::Queue;
use super::clock_mark::ClockMark;
use super::context::Context;
use super::denials::Denials;
use super::ended_sessions::EndedSessions;
use super::limit_basis::LimitBasis;
use super::map::{Map, Seed};
use super::rates::{Limiter, RateLimits};
use super::redeliveries::Redeliveries;
use super::renewal::Renewal;
use super::tally::Tally;
use super::tenant::Tenant;
use super::tokens::Tokens;
use crate::ids::{EventNo, TenantId, TenantNo};
use crate::ledger::model::change::{Actor, Changes, TenantRow, TenantState};
use crate::ledger::model::notification::Channels;
use crate::ledger::model::time::{Moment, WallTime};

/// Tenant number 0 belongs to no tenant. Audit events of calls for unknown tenants have it, and, on the first shard,
/// the audit events of the installation.
pub(in crate::ledger) const NO_TENANT: TenantNo = TenantNo(0);

/// Settings of a ledger; fixed while it lives.
#[derive(Debug, Clone, Copy)]
pub struct Config {
    /// Seats per pool of a tenant without any license (R30).
    pub demo_seats: u64,
    /// Channels by which notifications can be sent (R34).
    pub channels: Channels,
    /// Rates and bounds of what callers can make grow.
    pub rates: RateLimits,
    /// Seed of the hash maps: secret and random in a running service, fixed in a test.
    pub seed: Seed,
}

/// The tenants of one shard, in memory.
#[derive(Debug)]
pub struct Ledger {
    pub(in crate::ledger) config: Config,
    /// By tenant number. Number 0 and deleted tenants are `None`; a number is never reused.
    pub(in crate::ledger) tenants: Vec<Option<Box<Tenant>>>,
    pub(in crate::ledger) by_id: Map<TenantId, TenantNo>,
    /// API tokens of the installation; only on the first shard.
    pub(in crate::ledger) tokens: Tokens,
    pub(in crate::ledger) floors: AllFloors,
    pub(in crate::ledger) last_event: EventNo,
    pub(in crate::ledger) mark: ClockMark,
    pub(in crate::ledger) denials: Denials,
    /// Budget of each tenant for users admitted at login.
    pub(in crate::ledger) admissions: Limiter<TenantNo>,
    pub(in crate::ledger) redeliveries: Redeliveries,
    pub(in crate::ledger) ended_sessions: EndedSessions,
    pub(in crate::ledger) checkpoint: Queue,
    /// Budget of the current step, and the sum of all work so far.
    pub(in crate::ledger) budget: Budget,
    /// Queue of the tenants that have unfinished work, each once (`Tenant::unfinished`).
    pub(in crate::ledger) unfinished: VecDeque<TenantNo>,
    pub(in crate::ledger) renewal: Renewal,
    pub(in crate::ledger) agenda: Agenda,
    pub(in crate::ledger) tally: Tally,
}

impl Ledger {
    /// Returns the tenant with this id and the context of a command: two values, so that both can be borrowed at once.
    pub(in crate::ledger) fn context<'a>(
        &'a mut self,
        id: &TenantId,
        actor: &'a Actor,
        now: Moment,
        out: &'a mut Changes,
    ) -> (Option<&'a mut Tenant>, Context<'a>) {
        // No tenant has the number `NO_TENANT`, so an unknown id finds none.
        let no = self.by_id.get(id).copied().unwrap_or(NO_TENANT);
        self.step_of(no, actor, now, out)
    }

    pub(in crate::ledger) fn step_of<'a>(
        &'a mut self,
        no: TenantNo,
        actor: &'a Actor,
        now: Moment,
        out: &'a mut Changes,
    ) -> (Option<&'a mut Tenant>, Context<'a>) {
        let tenant = self.tenants[no.0 as usize].as_deref_mut();
        let ctx = Context {
            now,
            actor,
            demo_seats: self.config.demo_seats,
            channels: self.config.channels,
            license_time: self.mark.license_time(now),
            last_event: &mut self.last_event,
            denials: &mut self.denials,
            admissions: &mut self.admissions,
            redeliveries: &mut self.redeliveries,
            ended_sessions: &mut self.ended_sessions,
            checkpoint: &mut self.checkpoint,
            budget: &mut self.budget,
            unfinished: &mut self.unfinished,
            out,
        };
        (tenant, ctx)
    }

    pub(in crate::ledger) fn insert(&mut self, row: TenantRow) {
        let index = row.no.0 as usize;
        if self.tenants.len() <= index {
            self.tenants.resize_with(index + 1, || None);
        }
        if row.state != TenantState::Deleted {
            self.by_id.insert(row.id.clone(), row.no);
        }
        let floors = self.floors.of(&row.id);
        let mut tenant = Tenant::new(row, self.config.seed);
        tenant.licenses.set_floors(floors);
        self.tenants[index] = Some(Box::new(tenant));
        self.tally.begin();
    }

    /// Number of the tenant, or of the installation, under which its audit events are stored.
    #[must_use]
    pub fn tenant_no(&self, id: &TenantId) -> Option<TenantNo> {
        if *id == TenantId::installation() { Some(NO_TENANT) } else { self.by_id.get(id).copied() }
    }

    /// Highest tenant number that was ever assigned.
    #[must_use]
    pub fn last_tenant(&self) -> TenantNo {
        TenantNo(u32::try_from(self.tenants.len() - 1).expect("fewer than 2^32 tenants"))
    }

    /// Work charged so far, in units of [`Budget`].
    #[must_use]
    pub fn work(&self) -> u64 {
        self.budget.total()
    }

    #[must_use]
    pub fn last_event(&self) -> EventNo {
        self.last_event
    }

    /// The high-water mark of wall time (R31).
    #[must_use]
    pub fn wall_high(&self) -> WallTime {
        self.mark.high()
    }

    /// Time by which the wall clock is behind the high-water mark; zero for a clock that was not set back (R31).
    #[must_use]
    pub fn clock_behind(&self, now: Moment) -> std::time::Duration {
        self.mark.behind(now)
    }

    pub(in crate::ledger) fn limit_basis(&self, now: Moment) -> LimitBasis {
        LimitBasis { now, license_time: self.mark.license_time(now), demo_seats: self.config.demo_seats }
    }
}
