//! Everything that a store holds, as it stood at one moment, piece by piece. Whoever reads it claims nothing and changes
//! nothing; a service may go on beside it.

use super::audit_block::Block;
use super::{Installation, Owner, Position};
use crate::ids::{EventNo, ShardId};
use crate::ledger::change::{AuditEvent, Change};

/// The founding comes first. Then of each shard: where it stands, its rows in the order of a load, and its audit: some
/// blocks, the events up to the last of them, the next blocks and so on, and the events behind the last block.
#[derive(Debug)]
pub enum SnapshotChunk {
    /// `None`: nobody has used the store yet, and nothing follows.
    Installation(Option<Installation>),
    /// And where its audit begins: retention has deleted what is below.
    Shard(ShardId, Owner, Box<Position>, EventNo),
    /// So many rows of a table are of no shard.
    Strays(&'static str, u64),
    Rows(Vec<Change>),
    Blocks(Vec<Block>),
    Events(Vec<AuditEvent>),
}

impl From<Vec<Change>> for SnapshotChunk {
    fn from(rows: Vec<Change>) -> Self {
        SnapshotChunk::Rows(rows)
    }
}
