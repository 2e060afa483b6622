//! Part of a load by a process that does not own the shard.

use super::{Owner, Position};
use crate::ledger::change::Change;

/// What [`super::Store::load_ahead`] sends. The position comes first, then the rows, in the order of a load.
#[derive(Debug)]
pub enum LoadPart {
    Position(Owner, Box<Position>),
    Rows(Vec<Change>),
}

impl From<Vec<Change>> for LoadPart {
    fn from(rows: Vec<Change>) -> Self {
        LoadPart::Rows(rows)
    }
}
