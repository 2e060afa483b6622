//! What a store contains, counted chunk by chunk, and as a table.

use std::fmt::Display;

use tokio::sync::mpsc;

use crate::commands::output::table::{Column, Table, left, right};
use crate::license::iso;
use crate::store::report::{Counter, Shard, StoreReport};
use crate::store::snapshot::SnapshotChunk;

/// Chunks that are read ahead while one is counted.
pub const PREFETCH_CHUNKS: usize = 4;

/// Counts what comes, until the end.
pub async fn count(mut chunks: mpsc::Receiver<SnapshotChunk>) -> StoreReport {
    let mut counter = Counter::default();
    while let Some(chunk) = chunks.recv().await {
        counter.take(&chunk);
    }
    counter.finish()
}

const COLUMNS: [Column; 9] = [
    right("shard"),
    right("tenants"),
    right("users"),
    right("seats"),
    right("live sessions"),
    right("in use"),
    right("audit events"),
    right("blocks"),
    left("last event"),
];

/// The installation, and a row for each shard.
pub fn summary(place: &impl Display, counted: &StoreReport) -> String {
    let Some(installation) = counted.installation else {
        return format!("{place}: nobody has used it yet\n");
    };
    let (instance, shards) = (installation.instance, installation.shards);
    let heading = format!("{place}: installation {instance}, {shards} shard{}\n", if shards == 1 { "" } else { "s" });
    let rows: Vec<_> = counted.shards.iter().map(row).collect();
    heading + &Table::new(&COLUMNS).lines(&rows, None)
}

fn row(shard: &Shard) -> Vec<String> {
    let rows = |table| shard.rows.get(table).map_or(0, |sum| sum.count);
    let last = shard.last_event.map(|at| format!("{} {}", shard.position.last_event, iso(at)));
    vec![
        shard.id.to_string(),
        rows("tenants").to_string(),
        rows("users").to_string(),
        rows("seats").to_string(),
        shard.totals.sessions.to_string(),
        shard.totals.seats_in_use.to_string(),
        shard.events.count.to_string(),
        shard.blocks.count.to_string(),
        last.unwrap_or_default(),
    ]
}
