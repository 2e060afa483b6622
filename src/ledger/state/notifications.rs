//! Notifications of a tenant: those that were raised, and their deliveries. Decisions rarely need them: a tenant has a
//! few rows, and most tenants have none. A decision pays only for a flag.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;

use super::pool::Pool;
use crate::ids::{EventNo, PoolNo};
use crate::ledger::model::notification::{Channel, DeliveryState, NotificationRow, Topic};
use crate::ledger::model::time::{Tick, WallTime};

/// Notifications of one tenant, with what is due about them.
#[derive(Debug)]
pub(in crate::ledger) struct Notifications {
    rows: BTreeMap<Topic, NotificationRow>,
    kept: NotificationSummary,
    /// True if the policy has warning levels, so that pools have to be checked when their level changes.
    pub warns: bool,
    /// Pools whose level has changed since the last check; noted only while [`Self::is_watched`].
    pub moved: Vec<PoolNo>,
    /// True if everything has to be checked: after a load, and after a change of limits or of the responsible person.
    pub needs_full_check: bool,
    /// Progress of a full check; `None`: none is in progress.
    pub full_check: Option<FullCheck>,
    /// By the time of licenses: the last date that had come at the last full check, and the next date. On such
    /// a date a license begins, ends, or is due for a warning; a corrected clock can go back to before one.
    pub last_date: WallTime,
    pub next_date: WallTime,
    /// Earliest time at which a notification that was held back by the limit of one a day may be sent.
    pub next_check: Tick,
    /// True if the shard's schedules have to be updated: see [`super::ledger::Ledger::update_shard_state`].
    pub changed: bool,
}

/// Stages of a full check.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::ledger) enum FullCheck {
    /// Topics whose subject no longer exists.
    Topics,
    /// Pools, from this number on.
    Pools(PoolNo),
}

/// Summary of the rows, so that nobody has to iterate over them; empty for most tenants.
#[derive(Debug, Default, PartialEq, Eq)]
struct NotificationSummary {
    /// Rows about pools whose condition has not ended.
    ongoing: u32,
    dead: u32,
    open: Option<Box<Open>>,
}

/// Deliveries that are pending or in progress.
#[derive(Debug, Default, PartialEq, Eq)]
struct Open {
    /// By due time; one set for each of [`Channel::ALL`].
    due: [BTreeSet<(Tick, Topic)>; 2],
    /// By the time of the request.
    since: BTreeSet<(Tick, EventNo, Channel)>,
}

impl Notifications {
    pub fn new() -> Self {
        Self {
            rows: BTreeMap::new(),
            kept: NotificationSummary::default(),
            warns: false,
            moved: Vec::new(),
            needs_full_check: true,
            full_check: None,
            last_date: WallTime(i64::MIN),
            next_date: WallTime(i64::MIN),
            next_check: Tick::NEVER,
            changed: true,
        }
    }

    /// The time of licenses, limited to the dates around the last full check: between these dates, licenses
    /// give the same.
    pub fn since_full_check(&self, at: WallTime) -> WallTime {
        if self.last_date < self.next_date { at.clamp(self.last_date, WallTime(self.next_date.0 - 1)) } else { at }
    }

    /// True if pools have to be checked when their level changes: a notification about a pool has not ended, or the
    /// policy has warning levels.
    pub fn is_watched(&self) -> bool {
        self.warns || self.kept.ongoing > 0
    }

    /// Notes that the level of a pool changed. Every check-out calls it; it costs a comparison while nothing is
    /// watched.
    pub fn moved(&mut self, pool: &mut Pool) {
        if self.is_watched() {
            self.look_at(pool);
        }
    }

    /// Has a pool checked after the present command, also while nothing is watched.
    pub fn look_at(&mut self, pool: &mut Pool) {
        if !std::mem::replace(&mut pool.moved, true) {
            self.moved.push(pool.no);
        }
    }

    pub fn get(&self, topic: &Topic) -> Option<&NotificationRow> {
        self.rows.get(topic)
    }

    pub fn iter(&self) -> impl Iterator<Item = &NotificationRow> {
        self.rows.values()
    }

    /// The first notification after a topic.
    pub fn behind(&self, topic: Option<&Topic>) -> Option<&NotificationRow> {
        let from = topic.map_or(Bound::Unbounded, Bound::Excluded);
        self.rows.range::<Topic, _>((from, Bound::Unbounded)).next().map(|(_, row)| row)
    }

    pub fn put(&mut self, row: NotificationRow) {
        self.remove(&row.topic);
        self.kept.count(&row, true);
        self.rows.insert(row.topic.clone(), row);
    }

    pub fn remove(&mut self, topic: &Topic) {
        self.changed = true;
        if let Some(row) = self.rows.remove(topic) {
            self.kept.count(&row, false);
        }
    }

    /// Number of deliveries that are pending or in progress.
    pub fn open(&self) -> u64 {
        self.kept.open.as_ref().map_or(0, |open| open.since.len() as u64)
    }

    /// Number of dead letters.
    pub fn dead(&self) -> u64 {
        self.kept.dead.into()
    }

    /// Time since which the oldest open delivery has been waiting.
    pub fn oldest(&self) -> Option<Tick> {
        self.kept.open.as_ref()?.since.first().map(|(since, ..)| *since)
    }

    /// Time at which the first open delivery on a channel is due.
    pub fn next_due(&self, channel: Channel) -> Option<Tick> {
        self.due(channel).next().map(|(at, _)| *at)
    }

    /// Open deliveries on a channel, by due time.
    pub fn due(&self, channel: Channel) -> impl Iterator<Item = &(Tick, Topic)> {
        self.kept.open.as_ref().into_iter().flat_map(move |open| &open.due[channel as usize])
    }

    /// # Errors
    /// Returns the maintained summary and the recounted one, if they differ.
    pub fn check(&self) -> Result<(), String> {
        let mut recomputed = NotificationSummary::default();
        self.rows.values().for_each(|row| recomputed.count(row, true));
        if self.kept == recomputed {
            return Ok(());
        }
        Err(format!("what is kept of notifications: kept {:?}, recomputed {recomputed:?}", self.kept))
    }
}

impl NotificationSummary {
    fn count(&mut self, row: &NotificationRow, add: bool) {
        let by = |counter: &mut u32| if add { *counter += 1 } else { *counter -= 1 };
        if row.topic.pool().is_some() && !row.cleared {
            by(&mut self.ongoing);
        }
        for channel in Channel::ALL {
            let Some(delivery) = row.deliveries.get(channel) else { continue };
            if delivery.state == DeliveryState::Dead {
                by(&mut self.dead);
            }
            if !delivery.is_open() {
                continue;
            }
            let open = self.open.get_or_insert_default();
            let (due, since) = ((delivery.next, row.topic.clone()), (delivery.since, row.event, channel));
            if add {
                open.due[channel as usize].insert(due);
                open.since.insert(since);
            } else {
                open.due[channel as usize].remove(&due);
                open.since.remove(&since);
            }
        }
        if self.open.as_ref().is_some_and(|open| open.since.is_empty()) {
            self.open = None;
        }
    }
}
