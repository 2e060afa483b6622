//! Consecutive shards: those of one database.

use std::fmt;

use super::ShardId;

/// The shards from `first` on, before `end`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ShardRange {
    pub first: u16,
    pub end: u16,
}

impl ShardRange {
    /// Number of shards.
    #[must_use]
    pub fn count(self) -> u16 {
        self.end.saturating_sub(self.first)
    }

    #[must_use]
    pub fn contains(self, shard: ShardId) -> bool {
        (self.first..self.end).contains(&shard.0)
    }

    /// Place of the shard in the range, from 0; `None`: it is not in it.
    #[must_use]
    pub fn place(self, shard: ShardId) -> Option<usize> {
        self.contains(shard).then(|| usize::from(shard.0 - self.first))
    }

    /// The shards in ascending order.
    pub fn iter(self) -> impl DoubleEndedIterator<Item = ShardId> + Clone + use<> {
        (self.first..self.end).map(ShardId)
    }
}

/// So many shards, from 0 on.
impl From<u16> for ShardRange {
    fn from(shards: u16) -> Self {
        Self { first: 0, end: shards }
    }
}

impl fmt::Display for ShardRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.count() {
            0 => f.write_str("no shards"),
            1 => write!(f, "shard {}", self.first),
            _ => write!(f, "shards {} to {}", self.first, self.end - 1),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_has_its_shards_and_no_others() {
        let range = ShardRange { first: 3, end: 5 };
        assert_eq!(range.iter().map(|shard| shard.0).collect::<Vec<_>>(), [3, 4]);
        assert_eq!([2, 3, 4, 5].map(|shard| range.contains(ShardId(shard))), [false, true, true, false]);
        assert_eq!([2, 3, 4, 5].map(|shard| range.place(ShardId(shard))), [None, Some(0), Some(1), None]);
        assert_eq!((range.count(), ShardRange::from(2).iter().count()), (2, 2));
        let texts = [(3, 5), (3, 4), (3, 3)].map(|(first, end)| ShardRange { first, end }.to_string());
        assert_eq!(texts, ["shards 3 to 4", "shard 3", "no shards"]);
    }
}
