//! Everything that a store holds, as it stood at one moment, piece by piece. Whoever reads it claims nothing and changes
//! nothing; a service may go on beside it.

use super::audit_block::Block;
use super::{Founding, Owner, Position};
use crate::ids::ShardId;
use crate::ledger::change::{AuditEvent, Change};

/// The founding comes first. Then of each shard: where it stands, its rows in the order of a load, the blocks of its
/// audit, and its events, both in their own order.
#[derive(Debug)]
pub enum Piece {
    /// `None`: nobody has used the store yet, and nothing follows.
    Founding(Option<Founding>),
    Shard(ShardId, Owner, Position),
    Rows(Vec<Change>),
    Blocks(Vec<Block>),
    Events(Vec<AuditEvent>),
}

impl From<Vec<Change>> for Piece {
    fn from(rows: Vec<Change>) -> Self {
        Piece::Rows(rows)
    }
}
