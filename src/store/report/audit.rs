//! Checks that a shard's audit is in order: all events from the floor to the last one exist, blocks follow one another,
//! and each block's times and filter match its events.

use std::collections::{HashSet, VecDeque};

use super::discrepancies::Discrepancies;
use crate::ids::EventNo;
use crate::ledger::change::AuditEvent;
use crate::ledger::time::WallTime;
use crate::store::audit_block::{Block, MAX_BLOCK_EVENTS};
use crate::store::audit_filter::{self, Key};

/// Checks blocks and events. Both must come in ascending order, and each block before its events.
#[derive(Debug)]
pub struct Trail {
    /// Number of the first event that must exist: retention has deleted those below it.
    floor: EventNo,
    /// Highest event number that was given.
    end: EventNo,
    /// Blocks whose last event has not come yet.
    blocks: VecDeque<Block>,
    /// Last event of the last block that came.
    last_block: EventNo,
    /// The last event that came, or the one below the floor.
    last: EventNo,
    contents: Contents,
    /// Number of events after the last block.
    behind: usize,
}

/// Contents of the current block, from its events.
#[derive(Debug, Default)]
struct Contents {
    keys: HashSet<Key>,
    oldest: Option<WallTime>,
    newest: Option<WallTime>,
}

impl Trail {
    pub fn new(floor: EventNo, end: EventNo) -> Self {
        Self {
            floor,
            end,
            blocks: VecDeque::new(),
            last_block: EventNo(0),
            last: EventNo(floor.0.saturating_sub(1)),
            contents: Contents::default(),
            behind: 0,
        }
    }

    /// Checks a block against the one before it.
    pub fn block(&mut self, block: &Block, problems: &mut Discrepancies) {
        let (before, Block { first, last, .. }) = (self.last_block, block);
        if *first <= before || last < first || *last > self.end {
            problems.add(format!("audit: a block of events {first} to {last} stands after event {before}"));
        } else if before.0 > 0 && first.0 != before.0 + 1 {
            problems.add(format!("audit: a block of events {} to {} is missing", before.0 + 1, first.0 - 1));
        }
        if block.closed < block.newest {
            problems.add(format!("audit: the block of events {first} to {last} was completed before its newest event"));
        }
        self.last_block = self.last_block.max(*last);
        self.blocks.push_back(block.clone());
    }

    /// Checks an event against the one before it, and against its block.
    pub fn event(&mut self, event: &AuditEvent, problems: &mut Discrepancies) {
        let no = event.no;
        if no <= self.last || no > self.end {
            let (last, end) = (self.last, self.end);
            problems.add(format!("audit: event {no} stands after event {last}, and {end} is the last one given"));
        } else if no.0 != self.last.0 + 1 {
            problems.add(missing(self.last.0 + 1, no.0 - 1));
        }
        self.last = self.last.max(no);
        while self.blocks.front().is_some_and(|block| block.last < no) {
            self.complete(problems);
        }
        match self.blocks.front() {
            None => self.behind += 1,
            Some(block) if no < block.first => {
                problems.add(format!("audit: event {no} is in no block, and blocks after it are"));
            }
            Some(block) => {
                if event.at < block.oldest || event.at > block.newest {
                    problems.add(format!("audit: event {no} is not of the time of its block"));
                } else if !known(block, event) {
                    problems.add(format!("audit: event {no} is not found by its block"));
                }
                self.contents.add(event);
            }
        }
    }

    /// Checks that nothing is missing at the end.
    pub fn finish(mut self, problems: &mut Discrepancies) {
        while !self.blocks.is_empty() {
            self.complete(problems);
        }
        if self.last < self.end {
            problems.add(missing(self.last.0 + 1, self.end.0));
        }
        if self.behind >= MAX_BLOCK_EVENTS {
            problems.add(format!("audit: {} events are behind the last block: a block is missing", self.behind));
        }
    }

    /// Checks the first block, all of whose events have come. If retention has begun to delete it, only some are left,
    /// and it is not checked.
    fn complete(&mut self, problems: &mut Discrepancies) {
        let Some(block) = self.blocks.pop_front() else { return };
        let Contents { keys, oldest, newest } = std::mem::take(&mut self.contents);
        if block.first < self.floor {
            return;
        }
        let (first, last) = (block.first, block.last);
        if oldest.is_some_and(|oldest| oldest != block.oldest) || newest.is_some_and(|newest| newest != block.newest) {
            problems.add(format!("audit: the block of events {first} to {last} has not the times of its events"));
        }
        if !keys.is_empty() && audit_filter::build(keys.into_iter().collect::<Vec<_>>().into_iter()) != block.filter {
            problems.add(format!("audit: the block of events {first} to {last} has not the filter of its events"));
        }
    }
}

impl Contents {
    fn add(&mut self, event: &AuditEvent) {
        self.keys.extend(audit_filter::keys(event));
        self.oldest = Some(self.oldest.map_or(event.at, |oldest| oldest.min(event.at)));
        self.newest = Some(self.newest.map_or(event.at, |newest| newest.max(event.at)));
    }
}

fn missing(first: u64, last: u64) -> String {
    match first == last {
        true => format!("audit: event {first} is missing"),
        false => format!("audit: events {first} to {last} are missing"),
    }
}

fn known(block: &Block, event: &AuditEvent) -> bool {
    audit_filter::keys(event).all(|key| audit_filter::may_hold(audit_filter::slice(&block.filter, key), key))
}
