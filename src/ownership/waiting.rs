//! Calls that wait for a shard without an owner: at most so many for each shard (C8).

use std::sync::atomic::{AtomicUsize, Ordering};

use crate::ids::ShardId;

/// Calls that may wait for one shard.
const MAX_WAITING: usize = 1_000;

/// Numbers of waiting calls, by shard.
#[derive(Debug)]
pub(super) struct Waiting(Box<[AtomicUsize]>);

/// A place among the waiting calls of a shard, given back when it is dropped.
#[derive(Debug)]
pub(super) struct Place<'a>(&'a AtomicUsize);

impl Waiting {
    pub fn new(shards: u16) -> Self {
        Self((0..shards).map(|_| AtomicUsize::new(0)).collect())
    }

    /// `None`: as many calls wait for this shard as may, or there is no such shard.
    pub fn enter(&self, shard: ShardId) -> Option<Place<'_>> {
        let waiting = self.0.get(usize::from(shard.0))?;
        let place = Place(waiting);
        // Counted first, and given back by the drop of `place` if that was one too many.
        (waiting.fetch_add(1, Ordering::Relaxed) < MAX_WAITING).then_some(place)
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn so_many_wait_for_a_shard_and_one_more_when_one_has_left() {
        let waiting = Waiting::new(2);
        let mut places: Vec<_> = (0..MAX_WAITING).map(|_| waiting.enter(ShardId(0)).unwrap()).collect();
        assert!(waiting.enter(ShardId(0)).is_none());
        assert!(waiting.enter(ShardId(0)).is_none(), "who was refused left no trace");
        assert!(waiting.enter(ShardId(1)).is_some(), "another shard has places of its own");
        places.pop();
        assert!(waiting.enter(ShardId(0)).is_some());
        assert!(waiting.enter(ShardId(2)).is_none());
    }
}
