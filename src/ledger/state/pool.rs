//! Pools and their counters. `Tenant::{start, end, …}` maintain the counters, and [`crate::ledger::queries::invariants`]
//! counts them again.

use std::collections::BTreeSet;

use super::deadlines::Deadlines;
use super::grants::Orders;
use super::map::{Map, Seed};
use crate::ids::{PoolId, PoolNo, UserNo};
use crate::ledger::model::change::{Limit, PoolRow};
use crate::ledger::model::time::Tick;
use crate::ledger::state::session::SessionSlot;

/// Highest number of pools of one tenant: bounds what a client can invent in demo mode (R30).
pub const MAX_POOLS: usize = 1_000;

/// A pool of a tenant, with its counters.
#[derive(Debug)]
pub(in crate::ledger) struct Pool {
    pub no: PoolNo,
    pub id: PoolId,
    /// Users with a live session in the pool (R11), and those of them who count.
    pub live: u64,
    pub live_counted: u64,
    /// Users of `live` whose status is Idle (R23).
    pub idle: u64,
    /// Users of `idle` who count, by last activity: the order in which guard 10 reclaims.
    pub idle_counted: BTreeSet<(Tick, UserNo)>,
    /// Active seats (R10), and those of them that count.
    pub seats: u64,
    pub seats_counted: u64,
    /// Seats of users who are blocked because no seat was free (R33).
    pub waiting: u64,
    /// Deadlines of the live sessions that count, and of those that are exempt.
    pub deadlines: Deadlines<SessionSlot>,
    pub exempt_deadlines: Deadlines<SessionSlot>,
    /// Grants of the active seats, in order of grant.
    pub orders: Orders,
    /// Pool is in the list of changed pools of [`super::notifications`].
    pub moved: bool,
    /// Pool is in the list of changed pools of [`super::tally`].
    pub stale: bool,
    /// The values of this pool that the sums over all tenants contain; `None`: none yet.
    pub tallied: Option<(u64, Limit)>,
}

impl Pool {
    pub fn deadlines(&mut self, exempt: bool) -> &mut Deadlines<SessionSlot> {
        if exempt { &mut self.exempt_deadlines } else { &mut self.deadlines }
    }

    /// Lower bound of the first deadline of the live sessions.
    pub fn noted(&self) -> Option<Tick> {
        self.deadlines.noted().into_iter().chain(self.exempt_deadlines.noted()).min()
    }
}

/// Up to this number of pools a list is searched; more pools get an index. Most tenants have one or two.
const MAX_UNINDEXED: usize = 8;

/// Pools of a tenant, in order of their numbers.
#[derive(Debug)]
pub(in crate::ledger) struct Pools {
    list: Vec<Pool>,
    /// Index of all pools; only if there are more than [`MAX_UNINDEXED`].
    by_id: Option<Box<Map<PoolId, PoolNo>>>,
    seed: Seed,
}

impl Pools {
    pub fn new(seed: Seed) -> Self {
        Self { list: Vec::new(), by_id: None, seed }
    }

    pub fn find(&self, id: &PoolId) -> Option<PoolNo> {
        match &self.by_id {
            None => self.list.iter().find(|pool| pool.id == *id).map(|pool| pool.no),
            Some(index) => index.get(id).copied(),
        }
    }

    pub fn get(&self, no: PoolNo) -> &Pool {
        &self.list[usize::from(no.0)]
    }

    pub fn get_mut(&mut self, no: PoolNo) -> &mut Pool {
        &mut self.list[usize::from(no.0)]
    }

    pub fn iter(&self) -> std::slice::Iter<'_, Pool> {
        self.list.iter()
    }

    pub fn iter_mut(&mut self) -> std::slice::IterMut<'_, Pool> {
        self.list.iter_mut()
    }

    pub fn is_full(&self) -> bool {
        self.list.len() >= MAX_POOLS
    }

    /// Adds a pool, which must not exist yet.
    pub fn add(&mut self, id: PoolId) -> PoolNo {
        let no = PoolNo(u16::try_from(self.list.len()).expect("at most MAX_POOLS pools"));
        self.insert(no, id);
        no
    }

    /// Adds the pool of a row at load. Pools are never deleted, so rows come in order of their numbers, without gaps.
    pub fn restore(&mut self, row: PoolRow) {
        assert_eq!(usize::from(row.no.0), self.list.len(), "pools are numbered without gaps");
        self.insert(row.no, row.id);
    }

    fn insert(&mut self, no: PoolNo, id: PoolId) {
        if self.list.len() < MAX_UNINDEXED {
            self.list.reserve_exact(1);
        }
        self.list.push(Pool {
            no,
            id,
            live: 0,
            live_counted: 0,
            idle: 0,
            idle_counted: BTreeSet::new(),
            seats: 0,
            seats_counted: 0,
            waiting: 0,
            deadlines: Deadlines::default(),
            exempt_deadlines: Deadlines::default(),
            orders: Orders::default(),
            moved: false,
            stale: false,
            tallied: None,
        });
        self.put_in_the_index();
    }

    fn put_in_the_index(&mut self) {
        if self.list.len() <= MAX_UNINDEXED {
            return;
        }
        let listed = self.by_id.as_ref().map_or(0, |index| index.len());
        let index = self.by_id.get_or_insert_with(|| Box::new(Map::with_hasher(self.seed)));
        index.extend(self.list[listed..].iter().map(|pool| (pool.id.clone(), pool.no)));
    }
}
