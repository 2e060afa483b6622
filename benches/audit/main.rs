//! Benchmark of a large audit: fills both stores with events, and prints how long reading a page takes.
//! `cargo bench --bench audit -- --events 10000000`

#![allow(clippy::disallowed_methods)] // A benchmark reads the clock.

mod events;
#[path = "../service/support.rs"]
#[allow(dead_code)] // The tests use more of it than this benchmark.
mod support;

use std::sync::Arc;
use std::time::{Duration, Instant};

use clap::Parser;
use usher::ids::{EventNo, OwnerToken, ShardId, UserId};
use usher::ledger::change::Reason;
use usher::ledger::outcome::DenialReason;
use usher::ledger::time::WallTime;
use usher::store::audit_block::OpenBlock;
use usher::store::postgres::{DatabaseUrl, PostgresStore};
use usher::store::sqlite::SqliteStore;
use usher::store::{AuditPage, AuditQuery, Batch, Installation, Position, Store};

use events::{BUSY, DAYS, RARE, RARE_USER, event};
use support::postgres::Cluster;

#[derive(Parser)]
struct Arguments {
    /// Events of the audit.
    #[arg(long, default_value_t = 1_000_000)]
    events: u64,
    /// Passed by cargo to every benchmark.
    #[arg(long, hide = true)]
    bench: bool,
}

/// Events per batch.
const BATCH: u64 = 20_000;
/// Number of times that each page is read.
const TIMES: usize = 9;
/// Events of a page, and one more, which shows whether there is a next page.
const PAGE: usize = 101;
const SHARD: ShardId = ShardId(0);

#[tokio::main]
async fn main() {
    let Arguments { events, .. } = Arguments::parse();
    index();
    let folder = tempfile::tempdir().expect("a temporary folder");
    let sqlite = SqliteStore::open(folder.path()).expect("a store");
    measure("SQLite", &sqlite, events).await;
    sqlite.close().await;
    let cluster = Cluster::start(true);
    let url = DatabaseUrl::parse(&cluster.database().await).expect("a URL");
    let postgres = PostgresStore::open(&url, true).await.expect("a store");
    measure("PostgreSQL", &postgres, events).await;
    postgres.close().await;
}

/// Measures what building the index costs the writer of a shard: time and bytes per event.
fn index() {
    const EVENTS: u64 = 1_000_000;
    let position = Position::default();
    let batch =
        |first| Batch { position, rows: vec![], events: (first..first + 250).map(|no| event(no, EVENTS)).collect() };
    let batches: Vec<_> = (1..EVENTS).step_by(250).map(batch).collect();
    let (mut open, start) = (OpenBlock::after(EventNo(0)), Instant::now());
    let blocks: Vec<_> = batches.iter().flat_map(|batch| open.extend(batch)).collect();
    let each = start.elapsed().as_nanos() / u128::from(EVENTS);
    let bytes: usize = blocks.iter().map(|block| block.filter.len()).sum();
    println!("the index: {each} ns and {:.1} bytes an event", bytes as f64 / EVENTS as f64);
}

async fn measure(name: &str, store: &dyn Store, events: u64) {
    let start = Instant::now();
    let end = fill(store, events).await;
    let each = start.elapsed() / u32::try_from(events).expect("not so many");
    println!("{name}: {events} events, {each:?} each");
    let all = AuditQuery::all(SHARD, BUSY, PAGE);
    let middle = end.minus(DAYS / 2);
    let until = Some(middle.plus(Duration::from_secs(60 * 60)));
    let suspect = Reason::Denied(DenialReason::ClockSuspect).code();
    for (what, query) in [
        ("newest page of a busy tenant", all.clone()),
        ("newest page of a rare tenant", AuditQuery { tenant: RARE, ..all.clone() }),
        ("a rare user", AuditQuery { user: Some(UserId::stored(RARE_USER)), ..all.clone() }),
        ("a user who is not there", AuditQuery { user: Some(UserId::stored("nobody")), ..all.clone() }),
        ("a usual user", AuditQuery { user: events::user(events, BUSY), ..all.clone() }),
        ("a rare reason", AuditQuery { reason: Some(suspect), ..all.clone() }),
        ("an hour in the middle", AuditQuery { from: Some(middle), until, ..all.clone() }),
        ("a deep page", AuditQuery { before: Some(EventNo(events / 3)), ..all.clone() }),
    ] {
        print(what, store, query).await;
    }
    expire(store, end).await;
}

/// Writes the events. Returns the time of the last one.
async fn fill(store: &dyn Store, events: u64) -> WallTime {
    let installation = Installation::new(1);
    store.installation(installation).await.expect("a fresh store");
    let (owner, mut position) = store.claim(SHARD, None, OwnerToken::random().into()).await.expect("a claim");
    for first in (1..=events).step_by(BATCH as usize) {
        let batch: Vec<_> = (first..=events.min(first + BATCH - 1)).map(|no| event(no, events)).collect();
        let last = batch.last().expect("a batch has events");
        position = Position { wall: last.at, wall_high: last.at, last_event: last.no, ..position };
        position.seq.0 += 1;
        let batch = Arc::new(Batch { position, rows: vec![], events: batch });
        store.commit(SHARD, owner, batch).await.expect("a commit");
    }
    position.wall
}

/// Prints the time of the first answer, and the time of all answers until a page is full or the audit is exhausted.
async fn print(what: &str, store: &dyn Store, query: AuditQuery) {
    let mut times = Vec::new();
    for _ in 0..TIMES {
        let start = Instant::now();
        store.audit(query.clone()).await.expect("an answer");
        times.push(start.elapsed());
    }
    times.sort();
    let (start, mut query) = (Instant::now(), query);
    let (mut found, mut blocks, mut answers) = (0, 0, 0);
    loop {
        let AuditPage { events, next, blocks: more } = store.audit(query.clone()).await.expect("an answer");
        (found, blocks, answers) = (found + events.len(), blocks + more, answers + 1);
        query.before = next;
        if next.is_none() || found >= PAGE {
            break;
        }
    }
    let (first, most) = (millis(times[TIMES / 2]), millis(times[TIMES - 1]));
    let whole = millis(start.elapsed());
    println!(
        "  {what}: {first:.1} ms ({most:.1} at most); {found} events of {blocks} blocks: {answers} answers, {whole:.1} ms"
    );
}

/// Measures the steps of retention that delete the oldest tenth of the events.
async fn expire(store: &dyn Store, end: WallTime) {
    let (mut steps, mut deleted) = (Vec::new(), 0);
    loop {
        let start = Instant::now();
        let step = store.expire_audit(SHARD, end, DAYS * 9 / 10, 400).await.expect("a step");
        if !step.more {
            break;
        }
        deleted += step.events;
        steps.push(start.elapsed());
    }
    steps.sort();
    let of = |percent: usize| steps.get(steps.len() * percent / 100).copied().map_or(0.0, millis);
    println!("  retention: {deleted} events in {} steps of {:.1} ms (99 %: {:.1} ms)", steps.len(), of(50), of(99));
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1_000.0
}
