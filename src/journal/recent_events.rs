//! The most recent events of a shard, kept for watchers and bounded in bytes. Each event is one record, made once, when
//! its batch is committed; nothing else of the batch is kept.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use super::watch_event::WatchEvent;
use crate::ids::{EventNo, SessionId, TenantNo};
use crate::ledger::change::{Action, AuditEvent, Change, Reason, SessionRow};
use crate::ledger::outcome::{SessionView, Status};
use crate::ledger::time::{Moment, Tick};
use crate::ledger::wall_line::WallLine;
use crate::store::Batch;

/// Maximum number of bytes for one shard's records, including their overhead.
pub(super) const MAX_BYTES: usize = 16 << 20;
/// Texts up to this length are stored inside the record.
const INLINE_TEXT: usize = 23;
/// Bytes around a record: its reference counts, and its entry in a queue that has at most twice the capacity it needs.
const RECORD_OVERHEAD: usize = 64;
/// Bytes around a tenant's queue.
const QUEUE_OVERHEAD: usize = 256;

/// A start or end of a session, or the deletion of the tenant.
pub(super) struct RecentEvent {
    pub no: EventNo,
    pub event: WatchEvent,
    bytes: usize,
}

#[derive(Default)]
struct TenantEvents {
    events: VecDeque<Arc<RecentEvent>>,
    bytes: usize,
    /// All events of the tenant up to this number were dropped.
    floor: EventNo,
}

/// Recent events of all tenants. When there is no space, the oldest record of the tenant with the most bytes is
/// dropped. So a busy tenant displaces only its own records, and all other tenants keep theirs.
pub(super) struct RecentEvents {
    tenants: BTreeMap<TenantNo, TenantEvents>,
    by_size: BTreeSet<(usize, TenantNo)>,
    bytes: usize,
    max_bytes: usize,
    /// For tenants without records: all events up to this number were dropped.
    floor: EventNo,
    /// Number of the last durable event.
    last: EventNo,
}

impl RecentEvents {
    pub fn new(last: EventNo) -> Self {
        Self::with_room(last, MAX_BYTES)
    }

    fn with_room(last: EventNo, max_bytes: usize) -> Self {
        let (tenants, by_size) = (BTreeMap::new(), BTreeSet::new());
        Self { tenants, by_size, bytes: 0, max_bytes, floor: last, last }
    }

    pub fn last(&self) -> EventNo {
        self.last
    }

    /// Adds the records of a batch, and notes that everything up to `last` is durable.
    pub fn push(&mut self, records: Vec<(TenantNo, RecentEvent)>, last: EventNo) {
        self.last = self.last.max(last);
        for (tenant, event) in records {
            self.add(tenant, event);
            while self.bytes > self.max_bytes {
                self.drop_one();
            }
        }
    }

    fn add(&mut self, tenant: TenantNo, event: RecentEvent) {
        let held = self.tenants.entry(tenant).or_insert_with(|| {
            self.bytes += QUEUE_OVERHEAD;
            TenantEvents { floor: self.floor, bytes: QUEUE_OVERHEAD, ..TenantEvents::default() }
        });
        self.by_size.remove(&(held.bytes, tenant));
        held.bytes += event.bytes;
        self.bytes += event.bytes;
        self.by_size.insert((held.bytes, tenant));
        held.events.push_back(Arc::new(event));
    }

    /// Drops the oldest record of the tenant with the most bytes.
    fn drop_one(&mut self) {
        let Some((_, tenant)) = self.by_size.pop_last() else { return };
        let Some(held) = self.tenants.get_mut(&tenant) else { return };
        if let Some(gone) = held.events.pop_front() {
            held.bytes -= gone.bytes;
            self.bytes -= gone.bytes;
            held.floor = gone.no;
        }
        if held.events.is_empty() {
            // The floor moves to all tenants without records: this tenant has no entry any more.
            self.floor = self.floor.max(held.floor);
            self.bytes -= held.bytes;
            self.tenants.remove(&tenant);
            return;
        }
        if held.events.capacity() > 4 * held.events.len() {
            held.events.shrink_to(2 * held.events.len());
        }
        self.by_size.insert((held.bytes, tenant));
    }

    /// The tenant's next records after `cursor`, `max` at most.
    ///
    /// # Errors
    /// Some of them are not here: those up to the returned number.
    pub fn behind(&self, tenant: TenantNo, cursor: EventNo, max: usize) -> Result<Vec<Arc<RecentEvent>>, EventNo> {
        let held = self.tenants.get(&tenant);
        let floor = held.map_or(self.floor, |held| held.floor);
        if cursor < floor {
            return Err(floor);
        }
        let Some(held) = held else { return Ok(Vec::new()) };
        let from = held.events.partition_point(|event| event.no <= cursor);
        Ok(held.events.range(from..).take(max).cloned().collect())
    }
}

/// Makes the records of a batch, in the order of their numbers.
pub(super) fn records(batch: &Batch, line: &'static WallLine) -> Vec<(TenantNo, RecentEvent)> {
    let events: Vec<&AuditEvent> = batch.events.iter().filter(|event| is_for_watchers(event)).collect();
    if events.is_empty() {
        return Vec::new();
    }
    let rows = session_rows(batch);
    let now = Moment { line: Some(line), ..Moment::new(batch.position.tick, batch.position.wall) };
    let row = |id: SessionId| rows.binary_search_by_key(&id, |row| row.id).ok().map(|at| (rows[at], now));
    let record = |event: &AuditEvent| Some((event.tenant, record(event, event.session.and_then(row))?));
    events.into_iter().filter_map(record).collect()
}

/// Makes the record of an event that was read from the audit. `None`: it is not for watchers.
pub(super) fn from_audit(event: &AuditEvent) -> Option<RecentEvent> {
    record(event, None)
}

/// Makes the record of an event; `row`: the row of its session, as of this moment.
fn record(event: &AuditEvent, row: Option<(&SessionRow, Moment)>) -> Option<RecentEvent> {
    let watched = watch_event(event, row)?;
    let bytes = size_of::<RecentEvent>() + RECORD_OVERHEAD + heap_bytes(&watched);
    Some(RecentEvent { no: event.no, event: watched, bytes })
}

/// Session rows of a batch, sorted by session id.
fn session_rows(batch: &Batch) -> Vec<&SessionRow> {
    fn session(row: &Change) -> Option<&SessionRow> {
        match row {
            Change::PutSession(row) => Some(row),
            _ => None,
        }
    }
    let mut rows: Vec<&SessionRow> = batch.rows.iter().filter_map(session).collect();
    rows.sort_unstable_by_key(|row| row.id);
    rows
}

fn is_for_watchers(event: &AuditEvent) -> bool {
    matches!(event.action, Action::SessionStarted | Action::SessionEnded | Action::TenantDeleted)
}

fn watch_event(event: &AuditEvent, row: Option<(&SessionRow, Moment)>) -> Option<WatchEvent> {
    if !is_for_watchers(event) {
        return None;
    }
    if event.action == Action::TenantDeleted {
        return Some(WatchEvent::Closed);
    }
    let (session, known) = (view(event, row)?, row.is_some());
    match event.reason {
        None => Some(WatchEvent::Started { cursor: event.no, session, known }),
        Some(Reason::Ended(reason)) => {
            Some(WatchEvent::Ended { cursor: event.no, session, known, reason, at: event.at })
        }
        Some(Reason::Denied(_)) => None,
    }
}

/// The session as the audit event describes it. The rest comes from the session's row, which is in the same batch
/// unless the session slot was reused in that batch; an event that was read from the audit has no row.
fn view(event: &AuditEvent, row: Option<(&SessionRow, Moment)>) -> Option<SessionView> {
    let wall = |tick: fn(&SessionRow) -> Tick| row.map_or(event.at, |(row, now)| now.wall_of(tick(row)));
    Some(SessionView {
        id: event.session?,
        user: event.user.clone()?,
        pool: event.pool.clone()?,
        organization: event.organization.clone(),
        device: row.map_or_else(|| crate::ids::DeviceId::stored(""), |(row, _)| row.device.clone()),
        client: row.map_or_else(|| "".into(), |(row, _)| row.client.clone()),
        started: wall(|row| row.started),
        last_activity: wall(|row| row.last_activity),
        idle: row.map(|(row, now)| now.tick.since(row.last_activity)).unwrap_or_default(),
        status: if event.reason.is_none() { Status::Active } else { Status::Inactive },
        administrator: row.is_some_and(|(row, _)| row.administrator),
    })
}

/// Bytes of the texts that are stored outside the record. A shared text counts in full, because its other holders may
/// drop it.
fn heap_bytes(event: &WatchEvent) -> usize {
    let (WatchEvent::Started { session, .. } | WatchEvent::Ended { session, .. }) = event else { return 0 };
    let organization = session.organization.as_ref().map_or("", |id| id.as_str());
    [session.user.as_str(), session.pool.as_str(), organization, session.device.as_str(), &session.client]
        .iter()
        .map(|text| if text.len() > INLINE_TEXT { text.len() + 16 } else { 0 })
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    const BUSY: TenantNo = TenantNo(1);
    const QUIET: TenantNo = TenantNo(2);

    fn event(no: u64, bytes: usize) -> RecentEvent {
        RecentEvent { no: EventNo(no), event: WatchEvent::Closed, bytes }
    }

    fn numbers(events: Result<Vec<Arc<RecentEvent>>, EventNo>) -> Option<Vec<u64>> {
        events.ok().map(|events| events.iter().map(|event| event.no.0).collect())
    }

    #[test]
    fn the_bytes_are_bounded_and_a_busy_tenant_pushes_out_only_itself() {
        let mut recent = RecentEvents::with_room(EventNo(0), 10_000);
        recent.push(vec![(QUIET, event(1, 500))], EventNo(1));
        for no in 2..2_000 {
            recent.push(vec![(BUSY, event(no, 500))], EventNo(no));
            assert!(recent.bytes <= 10_000, "{} bytes", recent.bytes);
            assert_eq!(recent.bytes, recent.tenants.values().map(|held| held.bytes).sum::<usize>());
        }
        assert_eq!(numbers(recent.behind(QUIET, EventNo(0), 9)), Some(vec![1]), "nothing of the other is gone");
        assert_eq!(numbers(recent.behind(BUSY, EventNo(2), 9)), None, "the oldest are");
        assert_eq!(numbers(recent.behind(BUSY, EventNo(1_996), 2)), Some(vec![1_997, 1_998]));
        assert_eq!(numbers(recent.behind(BUSY, EventNo(1_999), 2)), Some(vec![]));
        let held = &recent.tenants[&BUSY].events;
        assert!(held.capacity() <= 4 * held.len(), "{} places for {}", held.capacity(), held.len());
    }

    #[test]
    fn a_record_that_alone_is_too_large_leaves_nothing_and_says_so() {
        let mut recent = RecentEvents::with_room(EventNo(7), 1_000);
        recent.push(vec![(BUSY, event(8, 2_000))], EventNo(8));
        assert_eq!((recent.bytes, recent.tenants.len(), recent.by_size.len()), (0, 0, 0));
        assert_eq!(numbers(recent.behind(BUSY, EventNo(7), 9)), None);
        assert_eq!(numbers(recent.behind(BUSY, EventNo(8), 9)), Some(vec![]));
    }

    #[test]
    fn more_tenants_than_fit_must_list_again() {
        let mut recent = RecentEvents::with_room(EventNo(0), 10_000);
        for no in 1..=1_000 {
            recent.push(vec![(TenantNo(no as u32), event(no, 500))], EventNo(no));
            assert!(recent.bytes <= 10_000);
        }
        let evicted = (1..=1_000).filter(|no| recent.behind(TenantNo(*no), EventNo(0), 9).is_err()).count();
        let held = recent.tenants.len();
        assert!(held > 0 && evicted + held == 1_000, "{evicted} of 1000 must list again, {held} are held");
    }

    /// A session's event costs the bytes that its record counts, whatever else its batch wrote.
    #[test]
    fn a_record_is_small_whatever_else_its_batch_wrote() {
        assert!(size_of::<RecentEvent>() <= 288, "{} bytes", size_of::<RecentEvent>());
    }
}
