//! Whether a shard's audit is in order: events ascend, blocks follow one another, and each block knows what is in it.

use super::problems::Problems;
use crate::ids::EventNo;
use crate::ledger::change::AuditEvent;
use crate::store::audit_block::Block;
use crate::store::audit_filter;

/// Takes all blocks first, then all events, both as they ascend.
#[derive(Debug)]
pub struct Trail {
    /// The highest number that was given.
    end: EventNo,
    blocks: Vec<Block>,
    /// The block that the next event can lie in.
    at: usize,
    last: EventNo,
}

impl Trail {
    pub fn new(end: EventNo) -> Self {
        Self { end, blocks: Vec::new(), at: 0, last: EventNo(0) }
    }

    pub fn block(&mut self, block: &Block, problems: &mut Problems) {
        let before = self.blocks.last().map_or(EventNo(0), |block| block.last);
        if block.first <= before || block.last < block.first || block.last > self.end {
            let (first, last) = (block.first, block.last);
            problems.add(format!("audit: a block of events {first} to {last} stands after event {before}"));
        }
        self.blocks.push(block.clone());
    }

    pub fn event(&mut self, event: &AuditEvent, problems: &mut Problems) {
        let no = event.no;
        if no <= self.last || no > self.end {
            let (last, end) = (self.last, self.end);
            problems.add(format!("audit: event {no} stands after event {last}, and {end} is the last one given"));
        }
        self.last = no;
        while self.blocks.get(self.at).is_some_and(|block| block.last < no) {
            self.at += 1;
        }
        let Some(block) = self.blocks.get(self.at) else { return };
        if no < block.first {
            problems.add(format!("audit: event {no} is in no block, and blocks after it are"));
        } else if event.at < block.oldest || event.at > block.newest {
            problems.add(format!("audit: event {no} is not of the time of its block"));
        } else if !known(block, event) {
            problems.add(format!("audit: event {no} is not found by its block"));
        }
    }
}

fn known(block: &Block, event: &AuditEvent) -> bool {
    audit_filter::keys(event).all(|key| audit_filter::may_hold(audit_filter::slice(&block.filter, key), key))
}
