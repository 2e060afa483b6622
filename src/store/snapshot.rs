//! Snapshot of a store: its whole contents at one moment, in chunks. Reading a snapshot claims and changes nothing; a
//! service may run at the same time.

use super::audit_block::Block;
use super::{Installation, Owner, Position};
use crate::ids::{EventNo, ShardId};
use crate::ledger::change::{AuditEvent, Change};

/// A chunk of a snapshot. The installation comes first. Then follow for each shard its position, its rows in the order
/// of a load, and its audit: some blocks, the events up to the last of them, the next blocks and so on, and finally the
/// events after the last block.
#[derive(Debug)]
pub enum SnapshotChunk {
    /// `None`: the store was never used, and nothing follows.
    Installation(Option<Installation>),
    /// The last value is the first event that must exist: retention has deleted the events below it.
    Shard(ShardId, Owner, Box<Position>, EventNo),
    /// Number of rows of a table that belong to no shard.
    UnownedRows(&'static str, u64),
    Rows(Vec<Change>),
    Blocks(Vec<Block>),
    Events(Vec<AuditEvent>),
}

impl From<Vec<Change>> for SnapshotChunk {
    fn from(rows: Vec<Change>) -> Self {
        SnapshotChunk::Rows(rows)
    }
}
