//! Runs the checks of `usher store check` on the rows and events that a store would contain, without a store.

use std::collections::BTreeMap;

use usher::ids::{Epoch, EventNo, OwnerToken, ShardId};
use usher::ledger::change::{AuditEvent, Change};
use usher::store::audit_block::OpenBlock;
use usher::store::report::Counter;
use usher::store::snapshot::SnapshotChunk;
use usher::store::{Batch, Owner, Position};

use super::memory::installation;

/// Recounts the rows and the events of one shard.
///
/// # Errors
/// The problems that `usher store check` would print, separated by semicolons.
pub fn adds_up(
    shard: ShardId,
    shards: u16,
    position: Position,
    rows: Vec<Change>,
    events: &BTreeMap<EventNo, AuditEvent>,
) -> Result<(), String> {
    let events: Vec<AuditEvent> = events.values().cloned().collect();
    let mut open = OpenBlock::after(EventNo(0));
    let chunks = events.chunks(100).map(|chunk| Batch { position, rows: Vec::new(), events: chunk.to_vec() });
    let blocks = chunks.flat_map(|batch| open.extend(&batch)).collect();
    let owner = Owner { epoch: Epoch(1), token: OwnerToken::random() };
    let mut counter = Counter::default();
    counter.take(&SnapshotChunk::Installation(Some(installation(shards))));
    counter.take(&SnapshotChunk::Shard(shard, owner, Box::new(position), EventNo(1)));
    for chunk in [SnapshotChunk::Rows(rows), SnapshotChunk::Blocks(blocks), SnapshotChunk::Events(events)] {
        counter.take(&chunk);
    }
    match counter.finish().problems() {
        problems if problems.is_empty() => Ok(()),
        problems => Err(problems.join("; ")),
    }
}
