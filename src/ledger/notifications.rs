//! A tenant's notifications: what was told, and what of it is still to be sent. Cold: a tenant has a few rows, and most
//! have none. What decisions pay for them is a flag.

use std::collections::{BTreeMap, VecDeque};
use std::ops::Bound;

use super::notification::{NotificationRow, Topic};
use super::pool::Pool;
use super::time::{Tick, Wall};
use crate::ids::PoolNo;

#[derive(Debug)]
pub(super) struct Notifications {
    rows: BTreeMap<Topic, NotificationRow>,
    /// Levels are to be looked at when they move: something was told of a pool that is not over yet, or the policy warns.
    pub watched: bool,
    /// Pools whose levels moved since they were looked at; noted only while they are watched.
    pub moved: VecDeque<PoolNo>,
    /// [`Self::refresh`] is due.
    pub stale: bool,
    /// Everything is to be looked at: after a load, and after whatever changes limits or who is told.
    pub look: bool,
    /// The time of licenses when everything was last looked at: a corrected clock can make it earlier.
    pub last_date: Wall,
    /// By the time of licenses: when one of them begins, ends, or is to be warned of.
    pub next_date: Wall,
    /// When something may be told again that was told within the last day.
    pub next_look: Tick,
    /// When the first open delivery is due.
    pub next_due: Tick,
}

impl Notifications {
    pub fn new() -> Self {
        Self {
            rows: BTreeMap::new(),
            watched: false,
            moved: VecDeque::new(),
            stale: false,
            look: true,
            last_date: Wall(i64::MIN),
            next_date: Wall(i64::MIN),
            next_look: Tick::NEVER,
            next_due: Tick::NEVER,
        }
    }

    /// The level of a pool moved. On the way of every check-out: nothing but a flag while nothing is pending.
    pub fn moved(&mut self, pool: &mut Pool) {
        if self.watched && !std::mem::replace(&mut pool.moved, true) {
            self.moved.push_back(pool.no);
        }
    }

    pub fn len(&self) -> usize {
        self.rows.len()
    }

    pub fn get(&self, topic: &Topic) -> Option<&NotificationRow> {
        self.rows.get(topic)
    }

    pub fn iter(&self) -> impl Iterator<Item = &NotificationRow> {
        self.rows.values()
    }

    /// The next one behind a topic.
    pub fn behind(&self, topic: Option<&Topic>) -> Option<&NotificationRow> {
        let from = topic.map_or(Bound::Unbounded, Bound::Excluded);
        self.rows.range::<Topic, _>((from, Bound::Unbounded)).next().map(|(_, row)| row)
    }

    pub fn put(&mut self, row: NotificationRow) {
        self.rows.insert(row.topic.clone(), row);
    }

    pub fn remove(&mut self, topic: &Topic) {
        self.rows.remove(topic);
    }

    /// Makes anew what is only remembered to look less often. `warns`: the policy has warnings.
    pub fn refresh(&mut self, warns: bool) {
        (self.watched, self.next_due) = self.recount(warns);
    }

    pub fn recount(&self, warns: bool) -> (bool, Tick) {
        let open = |row: &NotificationRow| row.topic.pool().is_some() && !row.cleared;
        let due = self.rows.values().flat_map(|row| row.deliveries.iter());
        let due = due.filter(|delivery| delivery.is_open()).map(|delivery| delivery.next).min();
        (warns || self.rows.values().any(open), due.unwrap_or(Tick::NEVER))
    }
}
