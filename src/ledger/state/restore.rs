//! Restores a ledger from the rows of a store. Start, recovery and take-over all use it.

mod following;
mod replaced_rows;
mod validate;

use std::collections::VecDeque;
use std::time::Duration;

use super::agenda::Agenda;
use super::all_floors::AllFloors;
use super::budget::Budget;
use super::checkpoint::Queue;
use super::clock_mark::ClockMark;
use super::denials::Denials;
use super::ended_sessions::EndedSessions;
use super::headcount::Headcount;
use super::leaving::Leaving;
use super::ledger::{Config, Ledger};
use super::map::Map;
use super::rates::Limiter;
use super::redeliveries::Redeliveries;
use super::renewal::Renewal;
use super::session::Session;
use super::tally::Tally;
use super::tenant::Tenant;
use super::tokens::Tokens;
use super::user::{Seat, User};
use crate::ids::{EventNo, TenantNo};
use crate::ledger::model::change::{Actor, Change, SessionRow, TenantState};
use crate::ledger::model::time::{Moment, Tick, WallTime, millis};

/// A ledger while its rows are loaded. Order of the rows: tenants, licenses, pools (by number), organizations, users,
/// seats, sessions, notifications, tokens, license floors.
#[derive(Debug)]
pub struct Restore {
    ledger: Ledger,
    now: Moment,
    grace: Duration,
    /// Time for which nobody served the shard.
    unserved: Duration,
    /// Actor who installed the license of the previous row.
    installer: Option<Actor>,
}

impl Ledger {
    /// Begins a load at `now`. Every session gets its full lease plus `grace` before a missed heartbeat or idleness
    /// ends it: its client may have sent a heartbeat to the former process (I5), or could not send one at all (R24). One
    /// whose client was silent before gets the rest of them (C15).
    #[must_use]
    pub fn restore(
        config: Config,
        last_tenant: TenantNo,
        last_event: EventNo,
        wall_high: WallTime,
        now: Moment,
        grace: Duration,
    ) -> Restore {
        let mut tenants = Vec::new();
        tenants.resize_with(last_tenant.0 as usize + 1, || None);
        let ledger = Ledger {
            config,
            tenants,
            by_id: Map::with_hasher(config.seed),
            tokens: Tokens::new(config.rates.tokens, config.seed),
            floors: AllFloors::new(config.seed),
            last_event,
            mark: ClockMark::load(wall_high, now),
            denials: Denials::new(config.rates.denials, config.seed),
            admissions: Limiter::new(config.rates.admissions, config.seed),
            redeliveries: Redeliveries::new(&config.rates, config.seed),
            ended_sessions: EndedSessions::new(config.seed),
            checkpoint: Queue::default(),
            unfinished: VecDeque::new(),
            renewal: Renewal::default(),
            agenda: Agenda::default(),
            tally: Tally::default(),
            budget: Budget::default(),
        };
        Restore { ledger, now, grace, unserved: Duration::ZERO, installer: None }
    }
}

impl Restore {
    /// Adds one row.
    ///
    /// # Panics
    /// When the row's tenant or user was not loaded before it: the store is damaged, and serving from it would count
    /// seats wrong.
    pub fn put(&mut self, row: Change) {
        match row {
            Change::PutTenant(row) => self.ledger.insert(row),
            Change::PutLicense(mut row) => {
                // Usually the same actor as for the license before: they share one text.
                let installer = self.installer.take().filter(|installer| *installer == row.installed_by);
                row.installed_by = installer.unwrap_or(row.installed_by);
                self.installer = Some(row.installed_by.clone());
                self.tenant(row.tenant).licenses.restore(row);
            }
            Change::PutPool(row) => self.tenant(row.tenant).pools.restore(row),
            Change::PutOrganization(row) => self.tenant(row.tenant).organizations.put(row),
            Change::PutUser(row) => {
                let tenant = self.tenant(row.tenant);
                tenant.blocked += u64::from(row.blocked.is_some());
                tenant.administrators += u64::from(row.administrator);
                tenant.users.put(User::new(row));
            }
            Change::PutSeat(row) => {
                let seat = Seat { pool: row.pool, granted: row.granted, order: row.order, access: row.access };
                self.tenant(row.tenant).users.get_mut(row.user).add_seat(seat);
            }
            Change::PutSession(row) => self.session(row),
            Change::PutNotification(row) => self.tenant(row.tenant).notifications.put(row),
            Change::PutToken(row) => self.ledger.tokens.put(row),
            Change::PutLicenseFloor(row) => self.ledger.floors.put(&row.tenant.clone(), [row]),
            Change::DeleteTenant(_)
            | Change::DeleteLicense(..)
            | Change::DeleteOrganization(..)
            | Change::DeleteUser(..)
            | Change::DeleteSeat(..)
            | Change::DeleteSession(..)
            | Change::DeleteNotification(..)
            | Change::DeleteToken(_) => panic!("a load has no deletions"),
        }
    }

    /// Adds one row, if it is consistent with the rows before it.
    ///
    /// # Errors
    /// Returns the inconsistency: the store is damaged.
    pub fn try_put(&mut self, row: Change) -> Result<(), String> {
        match self.validate_row(&row) {
            Some(what) => Err(what),
            None => {
                self.put(row);
                Ok(())
            }
        }
    }

    /// Like [`Restore::finish`], if the rows are consistent with each other.
    ///
    /// # Errors
    /// Returns the inconsistency: the store is damaged.
    pub fn try_finish(self) -> Result<Ledger, String> {
        match self.gap() {
            Some(what) => Err(what),
            None => Ok(self.finish()),
        }
    }

    fn tenant(&mut self, no: TenantNo) -> &mut Tenant {
        let tenant = self.ledger.tenants.get_mut(no.0 as usize).and_then(Option::as_deref_mut);
        tenant.unwrap_or_else(|| panic!("a row of tenant {no}, which the store does not have"))
    }

    /// Adds a session. Its lease begins when the load ends: see [`Tenant::begin_leases`].
    fn session(&mut self, row: SessionRow) {
        let tenant = self.tenant(row.tenant);
        let session = Session {
            id: row.id,
            user: row.user,
            user_id: tenant.users.get(row.user).id.clone(),
            no: row.no,
            pool: row.pool,
            administrator: tenant.users.get(row.user).administrator,
            exempt: row.exempt,
            touched: false,
            silent: row.silent_since.is_some(),
            user_idle: false,
            heard_or_ended: row.ended.map(|(at, _)| at).or(row.silent_since).unwrap_or_default(),
            end_reason: row.ended.map(|(_, reason)| reason),
            organization: row.organization,
            device: row.device,
            client: row.client,
            started: row.started,
            last_activity: row.last_activity,
            lease_ms: millis(row.lease_ttl),
            lease_end: Tick::NEVER,
            idle_grace: Tick::default(),
        };
        let slot = tenant.sessions.insert(session);
        let last = tenant.users.last_sign_in(row.user);
        tenant.users.signs_in(row.user, last.map_or(row.signed_in, |last| last.max(row.signed_in)));
        tenant.users.get_mut(row.user).set_slot(row.no, slot);
    }

    /// Computes the counters of the loaded rows. From here on the ledger can decide.
    #[must_use]
    pub fn finish(mut self) -> Ledger {
        for tenant_entry in &mut self.ledger.tenants {
            if let Some(mut tenant) = tenant_entry.take_if(|tenant| tenant.state == TenantState::Deleted) {
                self.ledger.tally.remove(&mut tenant);
                self.ledger.ended_sessions.leaving.push(Leaving::new(tenant, self.now.tick));
            }
        }
        self.ledger.renew_ids();
        let license_time = self.ledger.mark.license_time(self.now);
        for tenant in self.ledger.tenants.iter_mut().flatten() {
            tenant.licenses.set_floors(self.ledger.floors.of(&tenant.id));
            tenant.licenses.finish();
            tenant.begin_leases(self.now.tick, self.grace, self.unserved);
            tenant.note_last_organizations();
            tenant.users.iter_mut().for_each(User::sort_seats);
            tenant.count_seats();
            tenant.count_sessions();
            tenant.rebuild_deadlines();
            tenant.headcount = Headcount::recounted(&tenant.users);
            tenant.notifications.warns = !tenant.policy.warn_at_percent.is_empty();
            // The sums are those of the time between these dates.
            tenant.note_dates(license_time);
            tenant.stale.note_all(&mut tenant.pools);
            self.ledger.agenda.put(tenant);
            self.ledger.tally.put(tenant);
        }
        self.ledger
    }
}

impl Tenant {
    /// Gives each live session its full lease, and `grace` on top of it. Of a session whose client was silent before, both
    /// count from its last sign, so that a shard that moves often still ends sessions (C15). Time for which nobody served
    /// is no silence. The row goes on saying since when, until the client is heard.
    fn begin_leases(&mut self, now: Tick, grace: Duration, unserved: Duration) {
        let policy = &self.policy;
        for session in self.sessions.iter_mut().filter(|session| session.is_live()) {
            let promised = Duration::from_millis(session.lease_ms).max(policy.lease_ttl);
            let leased = session.lease_ms > 0 && !policy.lease_ttl.is_zero();
            session.heard_or_ended = if session.silent { now.min(session.heard_or_ended + unserved) } else { now };
            let until = session.heard_or_ended + promised + grace;
            session.lease_end = if leased { until } else { Tick::NEVER };
            session.idle_grace = until;
            self.listening.note(session);
        }
    }

    /// The organization of the session that a user started last is where the next login lands (R8); `None` if it was
    /// deleted since, as it was in memory before the load.
    fn note_last_organizations(&mut self) {
        let sessions = &self.sessions;
        for user in self.users.iter_mut() {
            let newest = user.slots.iter().map(|slot| sessions.get(*slot)).max_by_key(|session| session.started);
            user.last_organization = newest.and_then(|session| session.organization);
        }
    }
}
