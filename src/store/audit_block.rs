//! Blocks, the index of the audit: one row for every few thousand consecutive events of a shard, with their times and a
//! filter of what they contain. A query reads from the newest block to the oldest, and skips blocks that cannot contain
//! matches.
//!
//! A block is written once, in the transaction of the batch that completes it. Until then queries scan the events after
//! the last block. The writer keeps the open block in memory, and rebuilds it from the events only after that memory
//! was lost.

use std::collections::HashSet;
use std::hash::{BuildHasherDefault, Hasher};
use std::time::Duration;

use super::audit_filter::{self, Key};
use super::{Batch, Position};
use crate::ids::EventNo;
use crate::ledger::change::AuditEvent;
use crate::ledger::time::WallTime;

/// Maximum number of events in a block; reading them takes a few milliseconds.
pub const MAX_BLOCK_EVENTS: usize = 4_096;
/// A block is completed after this time, however few events it has, because retention deletes whole blocks.
const MAX_BLOCK_AGE: Duration = Duration::from_secs(24 * 60 * 60);

/// A block as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Block {
    pub first: EventNo,
    pub last: EventNo,
    /// Times of the oldest and the newest event, as recorded in the events.
    pub oldest: WallTime,
    pub newest: WallTime,
    /// Time of completion, by the later of clock and high-water mark (R31): no event in the block is younger, even if
    /// the clock had been set back when the event was written.
    pub closed: WallTime,
    /// Bloom filter of the events' keys, see [`audit_filter`].
    pub filter: Vec<u8>,
}

/// The open block, to which the next events of a shard belong.
#[derive(Debug, Default)]
pub struct OpenBlock {
    /// Number of the last known event: all events up to it are in blocks, or in this one.
    last: EventNo,
    first: EventNo,
    events: usize,
    oldest: WallTime,
    newest: WallTime,
    opened: WallTime,
    keys: HashSet<Key, BuildHasherDefault<IdentityHasher>>,
}

impl OpenBlock {
    /// An empty open block after the last block of the shard, which ends with the event `last`.
    #[must_use]
    pub fn after(last: EventNo) -> Self {
        Self { last, ..Self::default() }
    }

    /// Number of the last known event. Events up to it are stored if every batch that extended this block was
    /// committed.
    #[must_use]
    pub fn last(&self) -> EventNo {
        self.last
    }

    /// Adds an event that was read back from the store; events must come in ascending order.
    pub fn remember(&mut self, event: &AuditEvent) {
        // The time at which the block was opened is not stored; it is about the time of its first event.
        let opened = if self.events == 0 { event.at } else { self.opened };
        self.add(event, opened);
    }

    /// Adds a batch's events, and returns the blocks that it completes. Must be called for every batch; if a batch is
    /// not committed, this block must not be used any more.
    ///
    /// An event that is written again (R21) is already in a block, and differs only in its count.
    pub fn extend(&mut self, batch: &Batch) -> Vec<Block> {
        let now = time(&batch.position);
        let mut complete = Vec::new();
        if self.events >= MAX_BLOCK_EVENTS || (self.events > 0 && now.since(self.opened) >= MAX_BLOCK_AGE) {
            complete.push(self.close(now));
        }
        for event in &batch.events {
            if event.no <= self.last {
                continue;
            }
            self.add(event, now);
            if self.events >= MAX_BLOCK_EVENTS {
                complete.push(self.close(now));
            }
        }
        complete
    }

    fn add(&mut self, event: &AuditEvent, opened: WallTime) {
        if self.events == 0 {
            (self.first, self.oldest, self.newest, self.opened) = (event.no, event.at, event.at, opened);
        }
        self.last = event.no;
        self.oldest = self.oldest.min(event.at);
        self.newest = self.newest.max(event.at);
        self.events += 1;
        self.keys.extend(audit_filter::keys(event));
    }

    fn close(&mut self, now: WallTime) -> Block {
        let filter = audit_filter::build(self.keys.iter().copied());
        self.keys.clear();
        self.events = 0;
        Block {
            first: self.first,
            last: self.last,
            oldest: self.oldest,
            newest: self.newest,
            closed: now.max(self.newest),
            filter,
        }
    }
}

/// Most reliable time of a batch: not before any event that was written until then.
fn time(position: &Position) -> WallTime {
    position.wall.max(position.wall_high)
}

/// Hasher for values that are hashes already.
#[derive(Debug, Default)]
struct IdentityHasher(u64);

impl Hasher for IdentityHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.0 = self.0.rotate_left(8) ^ u64::from(*byte));
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::TenantNo;
    use crate::ledger::change::{Action, Actor};

    const HOUR: i64 = 60 * 60 * 1_000;

    fn event(no: u64, at: i64) -> AuditEvent {
        AuditEvent {
            no: EventNo(no),
            tenant: TenantNo(1),
            at: WallTime(at),
            actor: Actor::service(),
            action: Action::TenantUpdated,
            reason: None,
            user: None,
            pool: None,
            session: None,
            organization: None,
            count: 1,
            detail: "".into(),
        }
    }

    fn batch(now: i64, events: impl IntoIterator<Item = AuditEvent>) -> Batch {
        let position = Position { wall: WallTime(now), ..Position::default() };
        Batch { position, rows: vec![], events: events.into_iter().collect() }
    }

    /// First and last event, oldest and newest time, and time of completion of each block.
    fn summary(blocks: &[Block]) -> Vec<(u64, u64, i64, i64, i64)> {
        let numbers = |block: &Block| (block.first.0, block.last.0, block.oldest.0, block.newest.0, block.closed.0);
        blocks.iter().map(numbers).collect()
    }

    #[test]
    fn a_block_is_complete_with_its_last_event() {
        let mut open = OpenBlock::after(EventNo(0));
        assert_eq!(open.extend(&batch(9, (1..4_096).map(|no| event(no, no as i64)))), []);
        // The batch also contains an event that was written before, and the first one of the next block.
        let events = [event(7, 7), event(4_096, 4_000), event(4_097, 5)];
        assert_eq!(summary(&open.extend(&batch(5_000, events))), [(1, 4_096, 1, 4_095, 5_000)]);
        let many = (4_098..=12_300).map(|no| event(no, 6));
        let blocks = open.extend(&batch(4, many));
        assert_eq!(summary(&blocks), [(4_097, 8_192, 5, 6, 6), (8_193, 12_288, 6, 6, 6)]);
    }

    #[test]
    fn an_event_that_is_written_again_counts_once() {
        let mut open = OpenBlock::after(EventNo(10));
        for _ in 0..10_000 {
            assert_eq!(open.extend(&batch(1, [event(5, 1), event(11, 1)])), []);
        }
        let blocks = open.extend(&batch(1, (11..=4_106).map(|no| event(no, 1))));
        assert_eq!(summary(&blocks), [(11, 4_106, 1, 1, 1)]);
    }

    #[test]
    fn a_block_of_few_events_is_complete_after_a_day() {
        let mut open = OpenBlock::after(EventNo(0));
        assert_eq!(open.extend(&batch(0, [event(1, 0)])), []);
        assert_eq!(open.extend(&batch(24 * HOUR - 1, [event(3, 9)])), []);
        assert_eq!(summary(&open.extend(&batch(24 * HOUR, []))), [(1, 3, 0, 9, 24 * HOUR)]);
        assert_eq!(open.extend(&batch(99 * HOUR, [])), [], "an empty one never is");
        // The clock is set back, the high-water mark is not: batches must not each complete a block.
        let behind = |no| {
            let mut batch = batch(0, [event(no, 0)]);
            batch.position.wall_high = WallTime(100 * HOUR);
            batch
        };
        assert_eq!(open.extend(&behind(4)), []);
        assert_eq!(open.extend(&behind(5)), []);
    }

    #[test]
    fn what_is_remembered_is_in_the_next_block() {
        let (mut one, mut other) = (OpenBlock::after(EventNo(0)), OpenBlock::after(EventNo(0)));
        let events: Vec<_> = (1..=4_000).map(|no| event(no, no as i64)).collect();
        one.extend(&batch(1, events.clone()));
        events.iter().for_each(|event| other.remember(event));
        let rest = batch(5_000, (4_001..=4_096).map(|no| event(no, 2)));
        let blocks = one.extend(&rest);
        assert_eq!((summary(&blocks), other.extend(&rest)), (vec![(1, 4_096, 1, 4_000, 5_000)], blocks));
        // More events than a block has, which no release writes: they become one larger block.
        let mut large = OpenBlock::after(EventNo(0));
        (1..=5_000).for_each(|no| large.remember(&event(no, 1)));
        assert_eq!(summary(&large.extend(&batch(7, [event(5_001, 1)]))), [(1, 5_000, 1, 1, 7)]);
    }
}
