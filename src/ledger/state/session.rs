//! Sessions of a tenant: the live ones, and the last ended one of each session number (R24).

use std::time::Duration;

use super::deadlines::Positions;
use super::map::{Index, Seed};
use super::paged_vec::PagedVec;
use crate::ids::{DeviceId, OrganizationNo, PoolNo, SessionId, SessionNo, TenantNo, Text, UserId, UserNo};
use crate::ledger::model::change::SessionRow;
use crate::ledger::model::outcome::SessionEndReason;
use crate::ledger::model::policy::{Policy, heartbeat_interval};
use crate::ledger::model::time::{Tick, millis};

/// Everything that a heartbeat needs. A heartbeat reads one of up to a million sessions, and each further object that
/// it had to read would cost a third of a microsecond.
#[derive(Debug)]
pub(in crate::ledger) struct Session {
    pub id: SessionId,
    pub user: UserNo,
    /// Copy of the user's id.
    pub user_id: UserId,
    pub no: SessionNo,
    pub pool: PoolNo,
    pub administrator: bool,
    pub exempt: bool,
    /// True if the session is in the queue of [`super::checkpoint`].
    pub touched: bool,
    /// True if the row says that the client is silent, and since when: since `heard_or_ended`.
    pub silent: bool,
    /// True if the user is Idle (R23): activity in this session has to call `Tenant::touch`.
    pub user_idle: bool,
    /// While the session lives: last sign of its client, or the load if that is later. After the end: time of the end.
    /// One field for both, because there can be a million sessions.
    pub heard_or_ended: Tick,
    /// `None` while the session lives.
    pub end_reason: Option<SessionEndReason>,
    pub organization: Option<OrganizationNo>,
    pub device: DeviceId,
    pub client: Text,
    pub started: Tick,
    pub last_activity: Tick,
    /// Lease last promised to the client, in milliseconds; 0: none (R25).
    pub lease_ms: u64,
    /// End of the lease; [`Tick::NEVER`] without a lease.
    pub lease_end: Tick,
    /// The idle timeout ends the session no earlier than this: a load gives its user as much time as its client (R24).
    pub idle_grace: Tick,
}

impl Session {
    pub fn is_live(&self) -> bool {
        self.end_reason.is_none()
    }

    /// Time and reason of the end; `None` while the session lives.
    pub fn ended(&self) -> Option<(Tick, SessionEndReason)> {
        self.end_reason.map(|reason| (self.heard_or_ended, reason))
    }

    /// Time and reason of the end if neither client nor user does anything more (R24). Of two ends at the same time,
    /// the one that no heartbeat could have prevented is returned.
    pub fn deadline(&self, policy: &Policy) -> (Tick, SessionEndReason) {
        let longest = (self.started + policy.max_session, SessionEndReason::MaxDuration);
        let idle = self.idle_end(policy, self.last_activity).map(|end| (end, SessionEndReason::IdleTimeout));
        let lease = (self.lease_end, SessionEndReason::LeaseExpired);
        [Some(longest), idle, Some(lease)].into_iter().flatten().min_by_key(|(at, _)| *at).expect("two at least")
    }

    /// End by the idle timeout, if the last activity was at `active`; `None`: there is no idle timeout.
    pub fn idle_end(&self, policy: &Policy, active: Tick) -> Option<Tick> {
        policy.idle_timeout.map(|timeout| (active + timeout).max(self.idle_grace))
    }

    /// True if a live session's client is live (R26): its last check-out or heartbeat is younger than two of its
    /// heartbeat intervals, or, where it needs no heartbeat, the last activity in the session is younger than
    /// `away_after`.
    pub fn has_live_client(&self, policy: &Policy, now: Tick) -> bool {
        match heartbeat_interval(Duration::from_millis(self.lease_ms)) {
            Some(interval) => now.since(self.heard_or_ended) < 2 * interval,
            None => now.since(self.last_activity) < policy.away_after,
        }
    }

    /// Renews the lease, on a sign of the client: a full one from `now`. Never shortens a lease that was promised (I5),
    /// even if the policy's lease became shorter.
    pub fn renew(&mut self, policy: &Policy, now: Tick) {
        self.heard_or_ended = now;
        self.silent = false;
        self.lease_ms = millis(policy.lease_ttl);
        let until = if policy.lease_ttl.is_zero() { Tick::NEVER } else { now + policy.lease_ttl };
        self.lease_end = self.lease_end.max(until);
    }

    /// `signed_in`: the user's last sign-in, in any session.
    pub fn row(&self, tenant: TenantNo, signed_in: Option<Tick>) -> SessionRow {
        SessionRow {
            tenant,
            user: self.user,
            no: self.no,
            id: self.id,
            pool: self.pool,
            organization: self.organization,
            device: self.device.clone(),
            client: self.client.clone(),
            administrator: self.administrator,
            exempt: self.exempt,
            started: self.started,
            signed_in: signed_in.unwrap_or(self.started),
            last_activity: self.last_activity,
            lease_ttl: Duration::from_millis(self.lease_ms),
            silent_since: (self.silent && self.is_live()).then_some(self.heard_or_ended),
            ended: self.ended(),
        }
    }
}

const _: () = assert!(size_of::<Option<Session>>() <= 160);

/// Index of a session in its tenant's list of sessions. It is reused when the session was deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::ledger) struct SessionSlot(pub u32);

impl SessionSlot {
    /// Slot of a session number whose row has not come yet, during a load.
    pub const NONE: SessionSlot = SessionSlot(u32::MAX);

    fn index(self) -> usize {
        self.0 as usize
    }
}

impl From<SessionSlot> for u32 {
    fn from(slot: SessionSlot) -> Self {
        slot.0
    }
}

/// Sessions of a tenant, by slot; slots of deleted sessions are reused.
#[derive(Debug)]
pub(in crate::ledger) struct Sessions {
    slots: PagedVec<Option<Session>>,
    free: Vec<SessionSlot>,
    by_id: Index,
    /// Number of live sessions; maintained by [`super::live`].
    pub live: u64,
    /// Position of each live session in the heap of its pool.
    pub positions: Positions<SessionSlot>,
}

impl Sessions {
    pub fn new(seed: Seed) -> Self {
        Self {
            slots: PagedVec::new(),
            free: Vec::new(),
            by_id: Index::new(seed),
            live: 0,
            positions: Positions::default(),
        }
    }

    pub fn find(&self, id: SessionId) -> Option<SessionSlot> {
        self.by_id.find(&id, id_in(&self.slots)).map(SessionSlot)
    }

    /// Number of slots, including empty ones.
    pub fn slots(&self) -> u32 {
        u32::try_from(self.slots.len()).expect("fewer than 2^32 sessions")
    }

    pub fn at(&self, slot: SessionSlot) -> Option<&Session> {
        self.slots.get(slot.index())?.as_ref()
    }

    /// # Panics
    /// When the slot is empty: it must come from a user's slots or from `find`.
    pub fn get(&self, slot: SessionSlot) -> &Session {
        self.slots[slot.index()].as_ref().expect("a session in this slot")
    }

    pub fn get_mut(&mut self, slot: SessionSlot) -> &mut Session {
        self.slots[slot.index()].as_mut().expect("a session in this slot")
    }

    pub fn iter_mut(&mut self) -> impl Iterator<Item = &mut Session> + '_ {
        self.slots.iter_mut().flatten()
    }

    pub fn iter(&self) -> impl Iterator<Item = (SessionSlot, &Session)> + '_ {
        (0..)
            .map(SessionSlot)
            .zip(self.slots.iter())
            .filter_map(|(slot, session)| session.as_ref().map(|session| (slot, session)))
    }

    /// # Panics
    /// When the id is in use: it was not random, and two logins must never share a session.
    pub fn insert(&mut self, session: Session) -> SessionSlot {
        assert!(self.find(session.id).is_none(), "session id {} is in use", session.id);
        let slot = self.free.pop().unwrap_or_else(|| {
            self.slots.push(None);
            SessionSlot(u32::try_from(self.slots.len() - 1).expect("fewer than 2^32 sessions"))
        });
        self.slots[slot.index()] = Some(session);
        self.by_id.insert(slot.0, id_in(&self.slots));
        slot
    }

    pub fn remove(&mut self, slot: SessionSlot) -> Option<Session> {
        self.slots[slot.index()].as_ref()?;
        self.by_id.remove(slot.0, id_in(&self.slots));
        self.free.push(slot);
        self.slots[slot.index()].take()
    }
}

/// Id of the session in a slot.
fn id_in(slots: &PagedVec<Option<Session>>) -> impl Fn(u32) -> SessionId + '_ {
    |slot| slots[slot as usize].as_ref().expect("a session in this slot").id
}
