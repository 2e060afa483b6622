//! What happened to sessions, for watchers. A ring holds the last committed batches; a watcher reads from it at
//! its own pace, so a slow one costs nobody anything, and one that fell behind the ring is told to list again.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::watch;

use crate::ids::{EventNo, SessionId, TenantNo};
use crate::ledger::change::{Action, AuditEvent, Change, Reason, SessionRow};
use crate::ledger::outcome::{SessionEndReason, SessionView, Status};
use crate::ledger::time::{Moment, Wall};
use crate::store::Batch;

/// Audit events in the ring, about.
const MOST: usize = 65_536;

struct Recent {
    batches: VecDeque<Arc<Batch>>,
    events: usize,
    /// Everything up to here has left the ring.
    floor: EventNo,
    /// The last durable event.
    last: EventNo,
}

pub(super) struct Ring {
    recent: Mutex<Recent>,
    /// Wakes watchers; `true`: the writer is gone.
    moved: watch::Sender<bool>,
}

impl Ring {
    pub fn new(last: EventNo) -> Self {
        let recent = Recent { batches: VecDeque::new(), events: 0, floor: last, last };
        Self { recent: Mutex::new(recent), moved: watch::Sender::new(false) }
    }

    pub fn push(&self, batch: Arc<Batch>) {
        if batch.events.is_empty() {
            return;
        }
        {
            let mut recent = self.lock();
            recent.last = recent.last.max(batch.position.last_event);
            recent.events += batch.events.len();
            recent.batches.push_back(batch);
            while recent.events > MOST && recent.batches.len() > 1 {
                let Some(gone) = recent.batches.pop_front() else { break };
                recent.events -= gone.events.len();
                recent.floor = gone.position.last_event;
            }
        }
        self.moved.send_replace(false);
    }

    pub fn close(&self) {
        self.moved.send_replace(true);
    }

    /// A poisoned lock guards plain data that is whole after every line above.
    fn lock(&self) -> std::sync::MutexGuard<'_, Recent> {
        self.recent.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a watcher is told. `cursor`: where to resume.
#[derive(Debug, Clone, PartialEq)]
pub enum Fed {
    Started {
        cursor: EventNo,
        session: SessionView,
    },
    Ended {
        cursor: EventNo,
        session: SessionView,
        reason: SessionEndReason,
        at: Wall,
    },
    /// Events were missed: list the sessions again, then go on from `cursor`.
    ListAgain {
        cursor: EventNo,
    },
    /// No more events will come: the tenant was deleted, or this process no longer serves it.
    Closed,
}

/// One watcher.
pub struct Feed {
    ring: Arc<Ring>,
    tenant: TenantNo,
    cursor: EventNo,
    ready: VecDeque<Fed>,
    moved: watch::Receiver<bool>,
    closed: bool,
}

impl Feed {
    pub(super) fn new(ring: Arc<Ring>, tenant: TenantNo, after: Option<EventNo>) -> Self {
        let moved = ring.moved.subscribe();
        let last = ring.lock().last;
        // A cursor from the future comes from another store: its holder knows nothing about this one.
        let ready = match after {
            Some(cursor) if cursor > last => VecDeque::from([Fed::ListAgain { cursor: last }]),
            _ => VecDeque::new(),
        };
        Self { ring, tenant, cursor: after.unwrap_or(last).min(last), ready, moved, closed: false }
    }

    /// Where this watcher stands: resuming from here misses nothing.
    #[must_use]
    pub fn cursor(&self) -> EventNo {
        self.cursor
    }

    /// The next event. Safe to cancel.
    pub async fn next(&mut self) -> Fed {
        loop {
            if let Some(fed) = self.ready.pop_front() {
                return fed;
            }
            if self.closed || *self.moved.borrow_and_update() {
                return Fed::Closed;
            }
            self.read();
            if self.ready.is_empty() && !self.closed && self.moved.changed().await.is_err() {
                return Fed::Closed;
            }
        }
    }

    /// Reads everything behind the cursor.
    fn read(&mut self) {
        let (batches, last) = {
            let recent = self.ring.lock();
            if self.cursor < recent.floor {
                self.cursor = recent.last;
                self.ready.push_back(Fed::ListAgain { cursor: recent.last });
                return;
            }
            let behind = |batch: &&Arc<Batch>| batch.position.last_event > self.cursor;
            (recent.batches.iter().filter(behind).cloned().collect::<Vec<_>>(), recent.last)
        };
        for batch in &batches {
            for event in batch.events.iter().filter(|event| event.no > self.cursor && event.tenant == self.tenant) {
                match event.action {
                    Action::SessionStarted | Action::SessionEnded => self.ready.extend(fed(event, batch)),
                    Action::TenantDeleted => self.closed = true,
                    _ => {}
                }
            }
        }
        self.cursor = last;
    }
}

fn fed(event: &AuditEvent, batch: &Batch) -> Option<Fed> {
    let session = view(event, batch)?;
    match event.reason {
        None => Some(Fed::Started { cursor: event.no, session }),
        Some(Reason::Ended(reason)) => Some(Fed::Ended { cursor: event.no, session, reason, at: event.at }),
        Some(Reason::Denied(_)) => None,
    }
}

/// The session as the event knows it; device and client from its row, which is in the same batch unless the
/// user's place was used twice in it.
fn view(event: &AuditEvent, batch: &Batch) -> Option<SessionView> {
    let (id, now) = (event.session?, Moment { tick: batch.position.tick, wall: batch.position.wall });
    let row = row_of(batch, id);
    let idle = row.map(|row| now.tick.since(row.last_activity)).unwrap_or_default();
    let wall = |tick: Option<_>| tick.map_or(event.at, |tick| now.wall_of(tick));
    Some(SessionView {
        id,
        user: event.user.clone()?,
        pool: event.pool.clone()?,
        organization: event.organization.clone(),
        device: row.map_or_else(|| crate::ids::DeviceId::stored(""), |row| row.device.clone()),
        client: row.map_or_else(|| "".into(), |row| row.client.clone()),
        started: wall(row.map(|row| row.started)),
        last_activity: wall(row.map(|row| row.last_activity)),
        idle,
        status: if event.reason.is_none() { Status::Active } else { Status::Inactive },
        administrator: row.is_some_and(|row| row.administrator),
    })
}

fn row_of(batch: &Batch, id: SessionId) -> Option<&SessionRow> {
    batch.rows.iter().find_map(|row| match row {
        Change::PutSession(row) if row.id == id => Some(row),
        _ => None,
    })
}
