//! Users of a tenant, their seats, and the slots of their sessions.

use super::session::Sessions;
use crate::ids::{EventNo, OrganizationNo, PoolNo, SessionNo, TenantNo, UserId, UserNo};
use crate::ledger::model::change::{Access, BlockCause, Profile, SeatRow, UserRow};
use crate::ledger::model::former_id::FormerId;
use crate::ledger::model::policy::Policy;
use crate::ledger::model::time::Tick;
use crate::ledger::state::session::SessionSlot;
use crate::unicode::order;

/// A seat of a user.
#[derive(Debug)]
pub(in crate::ledger) struct Seat {
    pub pool: PoolNo,
    pub granted: Tick,
    pub order: EventNo,
    pub access: Access,
}

/// A user of a tenant.
#[derive(Debug)]
pub(in crate::ledger) struct User {
    pub no: UserNo,
    pub id: UserId,
    pub administrator: bool,
    pub blocked: Option<BlockCause>,
    /// `None`: the profile is empty.
    pub profile: Option<Box<Profile>>,
    /// Former ids; the latest is last.
    pub former: Box<[FormerId]>,
    pub created: Tick,
    pub version: u64,
    /// In order of their grants; seats with the same grant by pool.
    pub seats: Vec<Seat>,
    /// Slots of the user's sessions, live or ended, indexed by [`SessionNo`].
    pub slots: Vec<SessionSlot>,
    /// Number of live sessions.
    pub live: u16,
    /// True if the user counts as Idle in the pools of the live sessions (R23).
    pub idle: bool,
    /// Activity that the sessions in `slots` do not have: see [`User::last_activity`].
    pub earlier_activity: Tick,
    pub last_organization: Option<OrganizationNo>,
}

impl User {
    pub fn new(row: UserRow) -> Self {
        Self {
            no: row.no,
            id: row.id,
            administrator: row.administrator,
            blocked: row.blocked,
            profile: (!row.profile.is_empty()).then(|| Box::new(row.profile)),
            former: row.former,
            created: row.created,
            version: row.version,
            seats: Vec::new(),
            slots: Vec::new(),
            live: 0,
            idle: false,
            earlier_activity: Tick::default(),
            last_organization: None,
        }
    }

    pub fn row(&self, tenant: TenantNo) -> UserRow {
        UserRow {
            tenant,
            no: self.no,
            id: self.id.clone(),
            administrator: self.administrator,
            blocked: self.blocked,
            profile: self.profile.as_deref().cloned().unwrap_or_default(),
            former: self.former.clone(),
            created: self.created,
            version: self.version,
        }
    }

    pub fn seat(&self, pool: PoolNo) -> Option<&Seat> {
        self.seats.iter().find(|seat| seat.pool == pool)
    }

    /// Adds a seat. Up to four seats the list grows by one, because most users have one seat.
    pub fn add_seat(&mut self, seat: Seat) {
        if self.seats.len() < 4 {
            self.seats.reserve_exact(1);
        }
        self.seats.push(seat);
    }

    /// Sorts the seats: a load adds them in any order, and unblocking gives all of them the same grant.
    pub fn sort_seats(&mut self) {
        self.seats.sort_unstable_by_key(|seat| (seat.order, seat.pool));
    }

    pub fn seat_row(&self, tenant: TenantNo, seat: &Seat) -> SeatRow {
        SeatRow {
            tenant,
            user: self.no,
            pool: seat.pool,
            granted: seat.granted,
            order: seat.order,
            access: seat.access.clone(),
        }
    }

    /// Last activity over all sessions (R22, R23). It is computed, because a heartbeat writes only its session.
    pub fn last_activity(&self, sessions: &Sessions) -> Tick {
        let known = self.slots.iter().map(|slot| sessions.get(*slot).last_activity);
        known.max().unwrap_or_default().max(self.earlier_activity)
    }

    /// Sort key of the name: the family name, then the given name.
    pub fn sort_name(&self) -> String {
        let known = self.profile.as_deref();
        known.map_or_else(String::new, |known| order::person(&known.family_name, &known.given_name))
    }

    /// True if the user has access to anything (R7). A blocked user has none (R5).
    pub fn has_access(&self) -> bool {
        self.blocked.is_none() && !self.seats.is_empty()
    }

    /// True if this user's seats count in named pools (R10).
    pub fn counts_in_named(&self, policy: &Policy) -> bool {
        !self.administrator || policy.administrators_count_in_named
    }

    /// True if sessions that this user starts count in no pool (R11).
    pub fn is_exempt(&self, policy: &Policy) -> bool {
        self.administrator && !policy.administrators_count_in_concurrent
    }

    /// Sets the slot of a session number. A load sets them in any order; after it none is missing.
    pub fn set_slot(&mut self, no: SessionNo, slot: SessionSlot) {
        let at = usize::from(no.0);
        if self.slots.len() <= at {
            self.slots.resize(at + 1, SessionSlot::NONE);
        }
        self.slots[at] = slot;
    }
}
