//! The outcome of a batch: what becomes of its callers, and of the shard.

use super::Writer;
use crate::journal::batch::Waiter;
use crate::journal::recovery::{CommitOutcome, LastBatch};
use crate::journal::{JournalError, ShardState};
use crate::spans;
use crate::store::StoreError;

impl Writer {
    pub(super) fn damaged(&self, error: &StoreError) {
        tracing::error!(shard = %self.shard, %error, "the store is damaged; nothing more is answered");
        if !self.is_lost() {
            self.status.slot.end(ShardState::Damaged);
        }
    }

    pub(super) fn commit_done(&mut self, outcome: CommitOutcome) {
        let Some(mut sent) = self.in_flight.take() else { return };
        let traced = sent.traced(self.shard, !matches!(outcome, CommitOutcome::Committed(_)));
        if may_be_durable(&outcome) {
            self.last_durable = sent.batch.position.seq;
        }
        match outcome {
            CommitOutcome::Committed(owner) => {
                self.owner = owner;
                self.committed = Some(sent.sent);
                self.status.slot.stats.batch_commands.record(sent.commands as u64);
                self.status.slot.stats.commit_micros.record_micros(self.clock.monotonic().saturating_sub(sent.sent));
                self.status.followers.push(owner, &sent.batch);
                self.status.ring.push(&sent.batch, self.timeline.line());
                sent.waiters.into_iter().for_each(Waiter::answer);
                self.row_refusals = if sent.dirty { 0 } else { self.row_refusals };
                self.serves();
            }
            CommitOutcome::NotWritten(last) if self.is_lost() => {
                self.lost_waiters(sent.waiters, last == LastBatch::NotCommitted);
            }
            CommitOutcome::NotWritten(_) => {
                tracing::error!(shard = %self.shard, "the last batch was not written: the store does not accept \
                                                      changes");
                sent.waiters.into_iter().for_each(|waiter| waiter.fail(JournalError::NotWritten));
                self.left = true;
            }
            CommitOutcome::Lost(last) => {
                self.lose();
                match last {
                    // The batch was committed before the claim of the other owner, so this outcome holds.
                    LastBatch::Committed => sent.waiters.into_iter().for_each(Waiter::answer),
                    last => self.lost_waiters(sent.waiters, last == LastBatch::NotCommitted),
                }
            }
            CommitOutcome::Damaged(error) => {
                self.damaged(&error);
                match self.status.slot.alone {
                    true => sent.waiters.into_iter().for_each(|waiter| waiter.fail(JournalError::StoreAway)),
                    false => self.lost_waiters(sent.waiters, false),
                }
            }
            CommitOutcome::Refused(owner, error) => {
                self.owner = owner;
                tracing::error!(shard = %self.shard, %error, "the store refused a batch; the shard is loaded again");
                self.keep_denials(&sent.batch);
                let open_batch = std::mem::take(&mut self.open_batch);
                let waiters = sent.waiters.into_iter().chain(open_batch.waiters);
                waiters.for_each(|waiter| waiter.fail(JournalError::Failed));
                self.position = sent.before;
                if !self.is_lost() {
                    self.load_after_refusal();
                }
            }
        }
        if let Some((works, batch)) = traced {
            spans::committed(works, batch);
        }
    }

    /// Answers the callers of a batch that was not committed, or may not have been, when the shard was lost.
    fn lost_waiters(&self, waiters: Vec<Waiter>, known: bool) {
        for waiter in waiters {
            match known {
                true => waiter.fail(JournalError::NotApplied(self.shard)),
                false => waiter.fail_unknown(self.shard),
            }
        }
    }
}

/// Returns whether the batch is in the store, or may be.
fn may_be_durable(outcome: &CommitOutcome) -> bool {
    match outcome {
        CommitOutcome::Committed(_) | CommitOutcome::Damaged(_) => true,
        CommitOutcome::Lost(last) | CommitOutcome::NotWritten(last) => *last != LastBatch::NotCommitted,
        CommitOutcome::Refused(..) => false,
    }
}
