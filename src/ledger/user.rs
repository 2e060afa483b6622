//! Users of a tenant, their seats, and the places of their sessions.

use super::change::{Access, BlockCause, Place, Profile, SeatRow, UserRow};
use super::map::{Index, Seed};
use super::policy::Policy;
use super::session::Sessions;
use super::time::Tick;
use crate::ids::{EventNo, OrganizationNo, PoolNo, TenantNo, UserId, UserNo};

#[derive(Debug)]
pub(super) struct Seat {
    pub pool: PoolNo,
    pub granted: Tick,
    pub order: EventNo,
    pub access: Access,
}

#[derive(Debug)]
pub(super) struct User {
    pub no: UserNo,
    pub id: UserId,
    pub administrator: bool,
    pub blocked: Option<BlockCause>,
    /// `None`: nothing is known.
    pub profile: Option<Box<Profile>>,
    pub created: Tick,
    pub version: u64,
    /// In the order of their grants; of those granted by one act, by pool.
    pub seats: Vec<Seat>,
    /// The slots of the user's sessions, live or ended, by [`Place`].
    pub places: Vec<u32>,
    /// How many of them are live.
    pub live: u16,
    /// Counted as Idle in the pools of the live sessions (R23).
    pub idle: bool,
    /// What the sessions in `places` do not know: see [`User::last_activity`].
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
            created: row.created,
            version: row.version,
            seats: Vec::new(),
            places: Vec::new(),
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
            created: self.created,
            version: self.version,
        }
    }

    pub fn seat(&self, pool: PoolNo) -> Option<&Seat> {
        self.seats.iter().find(|seat| seat.pool == pool)
    }

    /// Most users have one seat: the list grows by one at a time.
    pub fn add_seat(&mut self, seat: Seat) {
        self.seats.reserve_exact(1);
        self.seats.push(seat);
    }

    /// A load brings seats in any order, and unblocking grants all of them at once.
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

    /// Over all sessions (R22, R23). Computed: a heartbeat writes into its session only.
    pub fn last_activity(&self, sessions: &Sessions) -> Tick {
        let known = self.places.iter().map(|slot| sessions.get(*slot).last_activity);
        known.max().unwrap_or_default().max(self.earlier_activity)
    }

    /// Whether this user's seats count in named pools (R10).
    pub fn counts_in_named(&self, policy: &Policy) -> bool {
        !self.administrator || policy.administrators_count_in_named
    }

    /// Whether this user's sessions count nowhere (R11).
    pub fn is_exempt(&self, policy: &Policy) -> bool {
        self.administrator && !policy.administrators_count_in_concurrent
    }

    /// A load brings places in any order; when it is through, none is left out.
    pub fn set_place(&mut self, place: Place, slot: u32) {
        let place = usize::from(place);
        if self.places.len() <= place {
            self.places.resize(place + 1, u32::MAX);
        }
        self.places[place] = slot;
    }
}

#[derive(Debug)]
pub(super) struct Users {
    /// By number; a deleted user leaves a hole, so that a number means one user for as long as we run.
    list: Vec<Option<User>>,
    /// Of each number when the user last signed in (R9); [`Tick::NEVER`]: never did. Beside the list, so that the page
    /// that people see first reads eight bytes a user.
    signed_in: Vec<Tick>,
    by_id: Index,
}

impl Users {
    pub fn new(seed: Seed) -> Self {
        Self { list: Vec::new(), signed_in: Vec::new(), by_id: Index::new(seed) }
    }

    pub fn next_no(&self) -> UserNo {
        UserNo(self.numbers())
    }

    /// How many numbers were given; some of them are free again.
    pub fn numbers(&self) -> u32 {
        u32::try_from(self.list.len()).expect("fewer than 2^32 users")
    }

    pub fn len(&self) -> usize {
        self.by_id.len()
    }

    pub fn find(&self, id: &UserId) -> Option<UserNo> {
        self.by_id.find(&id, id_in(&self.list)).map(UserNo)
    }

    /// `None`: deleted meanwhile.
    pub fn at(&self, no: UserNo) -> Option<&User> {
        self.list.get(no.0 as usize)?.as_ref()
    }

    pub fn last_sign_in(&self, no: UserNo) -> Option<Tick> {
        Some(self.signed_in[no.0 as usize]).filter(|at| *at != Tick::NEVER)
    }

    pub fn signs_in(&mut self, no: UserNo, at: Tick) {
        self.signed_in[no.0 as usize] = at;
    }

    /// # Panics
    /// When there is no such user: a number comes from this tenant's own rows.
    pub fn get(&self, no: UserNo) -> &User {
        self.list[no.0 as usize].as_ref().expect("a user with this number")
    }

    pub fn get_mut(&mut self, no: UserNo) -> &mut User {
        self.list[no.0 as usize].as_mut().expect("a user with this number")
    }

    pub fn iter(&self) -> impl Iterator<Item = &User> + '_ {
        self.list.iter().flatten()
    }

    pub fn iter_mut(&mut self) -> impl Iterator<Item = &mut User> + '_ {
        self.list.iter_mut().flatten()
    }

    pub fn put(&mut self, user: User) {
        let index = user.no.0 as usize;
        if self.list.len() <= index {
            self.list.resize_with(index + 1, || None);
            self.signed_in.resize(index + 1, Tick::NEVER);
        }
        self.list[index] = Some(user);
        self.by_id.insert(index as u32, id_in(&self.list));
    }

    pub fn remove(&mut self, no: UserNo) {
        if self.list[no.0 as usize].is_some() {
            self.by_id.remove(no.0, id_in(&self.list));
            self.list[no.0 as usize] = None;
        }
    }
}

/// The id of the user with a number.
fn id_in<'a>(list: &'a [Option<User>]) -> impl Fn(u32) -> &'a UserId {
    |no| &list[no as usize].as_ref().expect("a user with this number").id
}
