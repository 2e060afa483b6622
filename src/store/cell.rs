//! Cells: the databases of an installation, each with a range of the shards. How many there are, and their order, is
//! fixed at the first start; no transaction spans two (decision 64).

use crate::ids::{ShardId, ShardRange};

/// One of the databases of an installation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cell {
    /// From 0, in the order in which the databases are configured.
    pub number: u16,
    /// Number of cells of the installation.
    pub of: u16,
}

impl Cell {
    /// The cell of an installation with a single database.
    pub const ONLY: Cell = Cell { number: 0, of: 1 };

    /// All cells of an installation, in order.
    pub fn all(of: u16) -> impl DoubleEndedIterator<Item = Cell> + ExactSizeIterator {
        (0..of).map(move |number| Cell { number, of })
    }

    /// The number of the cell that has the shard, of an installation with so many shards and cells. Must never change:
    /// it decides in which database a tenant is.
    #[must_use]
    pub fn number_of(shard: ShardId, shards: u16, cells: u16) -> u16 {
        let number = u32::from(shard.0) * u32::from(cells) / u32::from(shards.max(1));
        u16::try_from(number).unwrap_or(u16::MAX)
    }

    /// The shards of this cell, of an installation with so many.
    #[must_use]
    pub fn shards(self, shards: u16) -> ShardRange {
        // The first shard for which `number_of` is at least this number.
        let first = |number: u16| (u32::from(number) * u32::from(shards)).div_ceil(u32::from(self.of.max(1)));
        let [first, end] = [first(self.number), first(self.number.saturating_add(1))];
        let bounded = |shard: u32| u16::try_from(shard).unwrap_or(u16::MAX).min(shards);
        ShardRange { first: bounded(first), end: bounded(end) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shard_is_in_the_range_of_its_cell_and_of_no_other() {
        for (shards, cells) in [(1, 1), (4, 1), (4, 2), (5, 2), (16, 3), (7, 7), (1024, 10), (1024, 64)] {
            let mut next = 0;
            for cell in Cell::all(cells) {
                let range = cell.shards(shards);
                assert_eq!(range.first, next, "{cell:?} of {shards}");
                assert!((shards / cells..=shards.div_ceil(cells)).contains(&range.count()), "{cell:?} of {shards}");
                let numbers = range.iter().map(|shard| Cell::number_of(shard, shards, cells));
                assert!(numbers.clone().all(|number| number == cell.number), "{cell:?} of {shards}");
                next = range.end;
            }
            assert_eq!(next, shards);
        }
    }

    /// Tenants are where these numbers say, for as long as the installation lives.
    #[test]
    fn cells_of_shards_never_change() {
        let numbers = |shards, cells| (0..shards).map(move |shard| Cell::number_of(ShardId(shard), shards, cells));
        assert_eq!(numbers(4, 2).collect::<Vec<_>>(), [0, 0, 1, 1]);
        assert_eq!(numbers(5, 2).collect::<Vec<_>>(), [0, 0, 0, 1, 1]);
        assert_eq!(numbers(8, 3).collect::<Vec<_>>(), [0, 0, 0, 1, 1, 1, 2, 2]);
    }
}
