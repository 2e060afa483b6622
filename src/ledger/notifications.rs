//! A tenant's notifications: what was told, and what of it is still to be sent. Cold: a tenant has a few rows, and most
//! have none. What decisions pay for them is a flag.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;

use super::notification::{Channel, DeliveryState, NotificationRow, Topic};
use super::pool::Pool;
use super::time::{Tick, Wall};
use crate::ids::{EventNo, PoolNo};

#[derive(Debug)]
pub(super) struct Notifications {
    rows: BTreeMap<Topic, NotificationRow>,
    kept: NotificationSummary,
    /// The policy warns: levels are to be looked at when they move.
    pub warns: bool,
    /// Pools whose levels moved since they were looked at; noted only while they are watched.
    pub moved: Vec<PoolNo>,
    /// Everything is to be looked at: after a load, and after whatever changes limits or who is told.
    pub look: bool,
    /// How far a look at everything has come.
    pub looking: Option<Looking>,
    /// By the time of licenses: the last date that had come when everything was looked at, and the next one. On such a
    /// date a license begins, ends, or is to be warned of; a corrected clock can lead back behind one.
    pub last_date: Wall,
    pub next_date: Wall,
    /// When something may be told again that was told within the last day.
    pub next_look: Tick,
    /// What the shard keeps of them is not up to date: see [`super::Ledger::file`].
    pub changed: bool,
}

/// The parts of a look at everything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Looking {
    /// At topics of what is no longer there.
    Topics,
    /// At pools, from this one on.
    Pools(u16),
}

/// What is kept of the rows, so that nobody has to walk over them; most tenants have none of it.
#[derive(Debug, Default, PartialEq, Eq)]
struct NotificationSummary {
    /// Rows about pools that are not over.
    ongoing: u32,
    dead: u32,
    open: Option<Box<Open>>,
}

/// Deliveries that are pending or under way.
#[derive(Debug, Default, PartialEq, Eq)]
struct Open {
    /// By channel, in the order of [`Channel::ALL`]: by when they are due.
    due: [BTreeSet<(Tick, Topic)>; 2],
    /// By when they were asked for.
    since: BTreeSet<(Tick, EventNo, Channel)>,
}

impl Notifications {
    pub fn new() -> Self {
        Self {
            rows: BTreeMap::new(),
            kept: NotificationSummary::default(),
            warns: false,
            moved: Vec::new(),
            look: true,
            looking: None,
            last_date: Wall(i64::MIN),
            next_date: Wall(i64::MIN),
            next_look: Tick::NEVER,
            changed: true,
        }
    }

    /// A time of licenses between the dates around the last look at everything, and the given one if it is there, too: what
    /// licenses give is the same at all of them.
    pub fn since_looked(&self, at: Wall) -> Wall {
        if self.last_date < self.next_date { at.clamp(self.last_date, Wall(self.next_date.0 - 1)) } else { at }
    }

    /// Levels are to be looked at when they move: something was told of a pool that is not over yet, or the policy warns.
    pub fn is_watched(&self) -> bool {
        self.warns || self.kept.ongoing > 0
    }

    /// The level of a pool moved. On the way of every check-out: nothing but a flag while nothing is pending.
    pub fn moved(&mut self, pool: &mut Pool) {
        if self.is_watched() && !std::mem::replace(&mut pool.moved, true) {
            self.moved.push(pool.no);
        }
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

    /// Deliveries that are pending or under way.
    pub fn open(&self) -> u64 {
        self.kept.open.as_ref().map_or(0, |open| open.since.len() as u64)
    }

    /// Dead letters.
    pub fn dead(&self) -> u64 {
        self.kept.dead.into()
    }

    /// Since when the oldest open delivery has been waiting.
    pub fn oldest(&self) -> Option<Tick> {
        self.kept.open.as_ref()?.since.first().map(|(since, ..)| *since)
    }

    /// When the first open delivery on a channel is due.
    pub fn next_due(&self, channel: Channel) -> Option<Tick> {
        self.due(channel).next().map(|(at, _)| *at)
    }

    /// Open deliveries on a channel, by when they are due.
    pub fn due(&self, channel: Channel) -> impl Iterator<Item = &(Tick, Topic)> {
        self.kept.open.as_ref().into_iter().flat_map(move |open| &open.due[channel as usize])
    }

    /// # Errors
    /// What is kept of the rows, and what it should be.
    pub fn check(&self) -> Result<(), String> {
        let mut recounted = NotificationSummary::default();
        self.rows.values().for_each(|row| recounted.count(row, true));
        if self.kept == recounted {
            return Ok(());
        }
        Err(format!("what is kept of notifications: kept {:?}, recounted {recounted:?}", self.kept))
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
