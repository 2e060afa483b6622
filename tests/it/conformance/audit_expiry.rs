//! Retention: the audit events that are deleted, when, and in which steps.

use std::time::Duration;

use secrecy::ExposeSecret;
use tokio_postgres::Client;
use usher::ledger::change::AuditEvent;
use usher::ledger::time::WallTime;
use usher::store::{Expired, Store, audit_block};

use super::audit::everything;
use super::audit_blocks::all;
use super::{Backend, SHARD, Writer, event};
use crate::support::postgres;

const DAY: i64 = 24 * 60 * 60 * 1_000;
const KEEP: Duration = Duration::from_secs(400 * 24 * 60 * 60);
const BLOCK: u64 = audit_block::MAX_BLOCK_EVENTS as u64;

/// `count` events from a number on, all at one time.
fn events(from: u64, count: u64, at: WallTime) -> Vec<AuditEvent> {
    (from..from + count).map(|no| AuditEvent { at, ..event(no, 1) }).collect()
}

async fn left(store: &dyn Store) -> Vec<u64> {
    all(store, &everything(1)).await.0.iter().map(|event| event.no.0).collect()
}

/// Deletes until no event is due; returns the number of events that each step deleted.
async fn expire(store: &dyn Store, now: WallTime, most: usize) -> Vec<u64> {
    let mut steps = Vec::new();
    loop {
        let Expired { events, more } = store.expire_audit(SHARD, now, KEEP, most).await.expect("a step");
        if !more {
            assert_eq!(events, 0);
            return steps;
        }
        steps.push(events);
    }
}

fn day(day: i64) -> WallTime {
    WallTime(day * DAY)
}

/// Commits events; without any, commits only the time.
async fn commit(writer: &mut Writer<'_>, now: WallTime, events: &[AuditEvent]) {
    (writer.position.wall, writer.position.wall_high) = (now, now);
    if events.is_empty() {
        writer.commit(vec![], vec![]).await;
    }
    for chunk in events.chunks(1_000) {
        writer.commit(vec![], chunk.to_vec()).await;
    }
}

pub async fn old_events_go_in_small_steps_and_young_ones_stay(backend: Backend) {
    let store = backend.start().await;
    let mut writer = Writer::claim(&*store).await;
    commit(&mut writer, day(0), &events(1, BLOCK, day(0))).await;
    commit(&mut writer, day(1), &events(BLOCK + 1, BLOCK, day(1))).await;
    commit(&mut writer, day(2), &events(2 * BLOCK + 1, 10, day(2))).await;
    let last = 2 * BLOCK + 10;
    commit(&mut writer, day(400).minus(Duration::from_millis(1)), &[]).await;
    assert_eq!(expire(&*store, day(401), 1_000).await, [0; 0], "a millisecond too early");

    commit(&mut writer, day(400), &[]).await;
    let step = store.expire_audit(SHARD, day(400), KEEP, 1_000).await;
    assert_eq!(step, Ok(Expired { events: 1_000, more: true }));
    assert_eq!(left(&*store).await, (1_001..=last).rev().collect::<Vec<_>>(), "the oldest go first");
    assert_eq!(expire(&*store, day(400), 1_000).await, [1_000, 1_000, 1_000, BLOCK - 4_000]);
    assert_eq!(left(&*store).await, (BLOCK + 1..=last).rev().collect::<Vec<_>>());

    // A step that ends with the block leaves the block's row for the next step. A repetition deletes nothing.
    commit(&mut writer, day(401), &[]).await;
    assert_eq!(expire(&*store, day(401), audit_block::MAX_BLOCK_EVENTS).await, [BLOCK, 0]);
    assert_eq!(expire(&*store, day(401), 1_000).await, [0; 0]);
    assert_eq!(left(&*store).await, (2 * BLOCK + 1..=last).rev().collect::<Vec<_>>());

    // All events are gone, and new ones are found.
    commit(&mut writer, day(900), &[]).await;
    assert_eq!(expire(&*store, day(900), 1_000).await, [10]);
    store.close().await;
    drop(store);
    let store = backend.open().await;
    let mut writer = Writer::claim(&*store).await;
    commit(&mut writer, day(900), &events(last + 1, BLOCK + 1, day(900))).await;
    assert_eq!(left(&*store).await, (last + 1..=last + 1 + BLOCK).rev().collect::<Vec<_>>());
}

pub async fn a_wrong_clock_deletes_nothing_too_early(backend: Backend) {
    let store = backend.start().await;
    let mut writer = Writer::claim(&*store).await;
    // Written on the tenth day, under a clock that had been set back.
    let wrong = day(-500);
    (writer.position.wall, writer.position.wall_high) = (wrong, day(10));
    writer.commit(vec![], events(1, BLOCK, wrong)).await;
    commit(&mut writer, day(409), &[]).await;
    assert_eq!(expire(&*store, day(409), 1_000).await, [0; 0], "what the events say is wrong");
    assert_eq!(expire(&*store, day(10_000), 1_000).await, [0; 0], "the clock is ahead, the mark is not");
    commit(&mut writer, day(410), &[]).await;
    assert_eq!(expire(&*store, day(409), 1_000).await, [0; 0], "the mark is ahead, the clock is not");
    assert_eq!(expire(&*store, day(410), audit_block::MAX_BLOCK_EVENTS + 1).await, [BLOCK]);
    assert_eq!(left(&*store).await, [0; 0]);
}

/// A block ends after a day even with few events.
pub async fn a_quiet_shard_forgets_too(backend: Backend) {
    let store = backend.start().await;
    let mut writer = Writer::claim(&*store).await;
    commit(&mut writer, day(0), &events(1, 3, day(0))).await;
    commit(&mut writer, WallTime(DAY / 2), &events(4, 3, WallTime(DAY / 2))).await;
    commit(&mut writer, day(2), &events(7, 3, day(2))).await;
    commit(&mut writer, day(402), &[]).await;
    assert_eq!(expire(&*store, day(402), 1_000).await, [6]);
    assert_eq!(left(&*store).await, [9, 8, 7]);
    // After a start the store must know since when the open block's events wait.
    commit(&mut writer, day(403), &events(10, 1, day(403))).await;
    store.close().await;
    drop(store);
    let store = backend.open().await;
    let mut writer = Writer::claim(&*store).await;
    commit(&mut writer, WallTime(403 * DAY + DAY / 2), &[]).await;
    commit(&mut writer, day(404), &[]).await;
    commit(&mut writer, day(804), &[]).await;
    assert_eq!(expire(&*store, day(804), 1_000).await, [3, 1]);
}

/// A former owner may delete the same events at the same time (C12): a block's row, without which its events are not
/// found, stays as long as one of them is left.
#[tokio::test]
async fn a_block_keeps_its_row_while_an_event_of_it_is_left() {
    let url = postgres::cluster().database().await;
    let [other, watcher] = [postgres::connect(url.expose_secret()).await, postgres::connect(url.expose_secret()).await];
    let backend = Backend::Postgres(url);
    let store = backend.start().await;
    let mut writer = Writer::claim(&*store).await;
    commit(&mut writer, day(0), &events(1, BLOCK, day(0))).await;
    commit(&mut writer, day(400), &[]).await;
    other.batch_execute("BEGIN; DELETE FROM audit WHERE event_no <= 400").await.unwrap();
    let step = store.expire_audit(SHARD, day(400), KEEP, 400);
    let ends = async {
        super::only_postgres::until_blocked(&watcher, "delete_old_audit").await;
        other.batch_execute("COMMIT").await.unwrap();
    };
    let (step, ()) = tokio::join!(step, ends);
    assert_eq!(step, Ok(Expired { events: 0, more: true }), "the other one was faster");
    assert_eq!(left(&*store).await.len() as u64, BLOCK - 400, "all that is left is found");
    assert_eq!(expire(&*store, day(400), 1_000).await, [1_000, 1_000, 1_000, 696]);
    let blocks = watcher.query_one("SELECT count(*) FROM audit_blocks", &[]).await.unwrap();
    assert_eq!(blocks.get::<_, i64>(0), 0);
}

/// Two processes delete the same audit at once, as a former owner and its successor may for a moment (C12): each event is
/// deleted once, and each event that is left is found by its block.
#[tokio::test]
async fn two_expirations_at_once_orphan_no_event() {
    const STEP: usize = 400;
    let url = postgres::cluster().database().await;
    let [holder, watcher] =
        [postgres::connect(url.expose_secret()).await, postgres::connect(url.expose_secret()).await];
    let backend = Backend::Postgres(url);
    let (store, second) = (backend.start().await, backend.open().await);
    let mut writer = Writer::claim(&*store).await;
    commit(&mut writer, day(0), &events(1, 2 * BLOCK, day(0))).await;
    commit(&mut writer, day(400), &[]).await;

    // The first one stops in the middle of its step: another transaction has a lock on the last event of the step.
    holder.batch_execute(&format!("BEGIN; SELECT FROM audit WHERE event_no = {STEP} FOR UPDATE")).await.unwrap();
    let step = async |store: &dyn Store| store.expire_audit(SHARD, day(400), KEEP, STEP).await;
    let together = async { tokio::join!(step(&*store), step(&*second)) };
    let release = async {
        until_waiting(&watcher, 2).await;
        holder.batch_execute("COMMIT").await.unwrap();
    };
    let ((one, other), ()) = tokio::join!(together, release);
    let [found, stored] = found_and_stored(&*store, &watcher).await;
    assert_eq!(found, stored, "an event is there, and its block is not");
    let deleted = [one, other].map(|step| step.unwrap().events);
    assert_eq!(deleted, [STEP as u64; 2], "the second one goes on where the first one ended");

    // Then both go on as they like, to the end.
    let steps = tokio::join!(expire(&*store, day(400), STEP), expire(&*second, day(400), STEP));
    let rest: u64 = steps.0.iter().chain(&steps.1).sum();
    assert!(rest <= 2 * BLOCK - 2 * STEP as u64, "an event was deleted twice");
    // A process that waited for a block that the other one deleted leaves the rest to the next run.
    expire(&*store, day(400), STEP).await;
    assert_eq!(found_and_stored(&*store, &watcher).await, [0; 2]);
    let floor = watcher.query_one("SELECT first_event_no FROM audit_floor WHERE shard_id = 0", &[]).await.unwrap();
    assert_eq!(floor.get::<_, i64>(0).unsigned_abs(), 2 * BLOCK + 1);
}

/// Number of events that queries find, and of those in the table.
async fn found_and_stored(store: &dyn Store, client: &Client) -> [u64; 2] {
    let stored = client.query_one("SELECT count(*) FROM audit", &[]).await.unwrap().get::<_, i64>(0);
    [left(store).await.len() as u64, stored.unsigned_abs()]
}

/// Waits until so many statements of the retention wait for a lock.
async fn until_waiting(client: &Client, count: i64) {
    let waiting = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()
        AND wait_event_type = 'Lock' AND query LIKE '%usher:%_old_audit%'";
    let wait = async {
        while client.query_one(waiting, &[]).await.unwrap().get::<_, i64>(0) < count {
            tokio::task::yield_now().await;
        }
    };
    super::soon(wait).await;
}
