//! Watches: the starts and ends of sessions, for watchers. A shard keeps the most recent events
//! ([`super::recent_events`]). A watcher reads them at its own pace, so a slow watcher costs nothing. One that fell
//! behind, or comes from another owner of the shard, reads what is missing from the audit ([`super::missed_events`]), and
//! must list again only if the audit no longer has it (C13).

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::watch;

use super::missed_events::{Found, MissedEvents};
use super::recent_events::{RecentEvent, RecentEvents, records};
use super::watch_event::WatchEvent;
use crate::ids::{EventNo, TenantNo};
use crate::ledger::wall_line::WallLine;
use crate::store::Batch;

/// Maximum number of events that a watcher reads from memory at once. It holds no others, and shares these with the
/// shard while the shard keeps them.
const MAX_PREFETCHED_EVENTS: usize = 16;

pub(super) struct Ring {
    recent: Mutex<RecentEvents>,
    /// Wakes watchers; `true`: the writer has ended.
    moved: watch::Sender<bool>,
}

impl Ring {
    pub fn new(last: EventNo) -> Self {
        Self { recent: Mutex::new(RecentEvents::new(last)), moved: watch::Sender::new(false) }
    }

    /// Adds the events of a batch that became durable.
    pub fn push(&self, batch: &Batch, line: &'static WallLine) {
        let records = records(batch, line);
        let wakes = !records.is_empty();
        self.lock().push(records, batch.position.last_event);
        if wakes {
            self.moved.send_replace(false);
        }
    }

    /// Ends all watches: the writer has ended.
    pub fn close(&self) {
        self.moved.send_replace(true);
    }

    /// Even after a panic the data is usable: at worst an event is in it twice, or is missing.
    fn lock(&self) -> std::sync::MutexGuard<'_, RecentEvents> {
        self.recent.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A watcher of one tenant.
pub struct SessionWatch {
    ring: Arc<Ring>,
    tenant: TenantNo,
    /// Every event of the tenant up to this number was returned.
    cursor: EventNo,
    /// Events to be returned next, at most [`MAX_PREFETCHED_EVENTS`] or those of one page of the audit.
    ready: VecDeque<Arc<RecentEvent>>,
    /// The cursor once all of `ready` is returned.
    read_until: EventNo,
    missed: MissedEvents,
    list_again: bool,
    moved: watch::Receiver<bool>,
    closed: bool,
}

impl SessionWatch {
    pub(super) fn new(ring: Arc<Ring>, tenant: TenantNo, missed: MissedEvents, after: Option<EventNo>) -> Self {
        let moved = ring.moved.subscribe();
        let last = ring.lock().last();
        // A cursor above the last event comes from another store: its holder must list again.
        let list_again = after.is_some_and(|cursor| cursor > last);
        let cursor = after.unwrap_or(last).min(last);
        let (ready, read_until) = (VecDeque::new(), cursor);
        Self { ring, tenant, cursor, ready, read_until, missed, list_again, moved, closed: false }
    }

    /// Cursor of this watcher: a watch that resumes here misses nothing.
    #[must_use]
    pub fn cursor(&self) -> EventNo {
        self.cursor
    }

    /// Waits for the next event. Safe to cancel.
    pub async fn next(&mut self) -> WatchEvent {
        loop {
            if std::mem::take(&mut self.list_again) {
                return WatchEvent::ListAgain { cursor: self.cursor };
            }
            if let Some(event) = self.ready.pop_front() {
                self.cursor = event.no;
                let event = Arc::try_unwrap(event).map_or_else(|shared| shared.event.clone(), |own| own.event);
                self.closed |= event == WatchEvent::Closed;
                return event;
            }
            self.cursor = self.cursor.max(self.read_until);
            if self.closed || *self.moved.borrow_and_update() {
                return WatchEvent::Closed;
            }
            match self.read_memory() {
                Ok(()) => {
                    if self.ready.is_empty() && self.moved.changed().await.is_err() {
                        return WatchEvent::Closed;
                    }
                }
                Err(missing) => self.read_audit(missing).await,
            }
        }
    }

    /// Reads the next events after the cursor from memory.
    ///
    /// # Errors
    /// Events are missing there, up to the returned number.
    fn read_memory(&mut self) -> Result<(), EventNo> {
        let recent = self.ring.lock();
        let events = recent.behind(self.tenant, self.cursor, MAX_PREFETCHED_EVENTS)?;
        self.missed.clear();
        match events.last() {
            Some(last) => self.read_until = last.no,
            None => self.cursor = self.cursor.max(recent.last()),
        }
        self.ready.extend(events);
        Ok(())
    }

    /// Reads the next events after the cursor from the audit; those up to `missing` are not in memory.
    async fn read_audit(&mut self, missing: EventNo) {
        match self.missed.next(self.cursor, missing).await {
            Ok(Found::Events { events, until }) => {
                self.ready.extend(events.into_iter().map(Arc::new));
                self.read_until = until;
            }
            Ok(Found::Expired) => {
                (self.cursor, self.list_again) = (self.ring.lock().last(), true);
                self.read_until = self.cursor;
            }
            Err(error) => {
                // The client comes back, and goes on from its cursor.
                tracing::debug!(%error, "a watch ends: missed events were not read from the audit");
                self.closed = true;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::SessionId;
    use crate::ledger::change::{Action, Actor, AuditEvent};
    use crate::ledger::time::WallTime;
    use crate::store::Position;

    fn start(no: u64) -> AuditEvent {
        let user = Some(crate::ids::UserId::stored("ann"));
        let pool = Some(crate::ids::PoolId::stored("primary"));
        AuditEvent {
            no: EventNo(no),
            tenant: TenantNo(1),
            at: WallTime(0),
            actor: Actor::service(),
            action: Action::SessionStarted,
            reason: None,
            user,
            pool,
            session: Some(SessionId::random()),
            organization: None,
            count: 1,
            detail: "".into(),
        }
    }

    #[tokio::test]
    async fn a_slow_watcher_holds_a_few_events_and_misses_none() {
        let ring = Arc::new(Ring::new(EventNo(0)));
        let missed =
            MissedEvents::new(Box::new(|_| panic!("memory has everything")), crate::ids::ShardId(0), TenantNo(1));
        let mut watch = SessionWatch::new(Arc::clone(&ring), TenantNo(1), missed, None);
        let position = Position { last_event: EventNo(1_000), ..Position::default() };
        let line = position.continuity.line((position.tick, position.wall));
        ring.push(&Batch { position, rows: Vec::new(), events: (1..=1_000).map(start).collect() }, line);
        for no in 1..=1_000 {
            let WatchEvent::Started { cursor, .. } = watch.next().await else { panic!("event {no}") };
            assert_eq!((cursor, watch.cursor()), (EventNo(no), EventNo(no)));
            assert!(watch.ready.len() < MAX_PREFETCHED_EVENTS, "{} events held", watch.ready.len());
        }
    }
}
