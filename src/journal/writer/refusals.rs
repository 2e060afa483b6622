//! The store takes no changes, and says so, for as long as an operator does nothing about it. The batch that it refused is
//! kept and sent again; whoever waits for it is told at once that it was not written, and what memory may answer it does.

use std::sync::atomic::Ordering::Relaxed;

use super::Writer;
use crate::journal::batch::Waiter;
use crate::journal::{JournalError, ShardState};
use crate::ledger::command::{Command, Outcome, Request};
use crate::ledger::time::Moment;

/// Rows that may wait in the open batch while the store is away: ends of sessions that heartbeats came too late for.
const MAX_ROWS_WHILE_AWAY: usize = 10_000;

impl Writer {
    /// The store has just refused the batch in flight.
    pub(super) fn refused(&mut self) {
        let sent = self.in_flight.iter_mut().flat_map(|sent| std::mem::take(&mut sent.waiters));
        let waiters: Vec<Waiter> = sent.chain(std::mem::take(&mut self.open_batch.waiters)).collect();
        waiters.into_iter().for_each(|waiter| waiter.fail(JournalError::NotWritten));
        // Each step of a command is whole in itself; the others are not taken.
        self.run_queue.fail(JournalError::NotWritten);
    }

    /// What a command is told while the store is away, if it is not to be decided: it needs the store, or adds to what
    /// waits for it without a bound. A check-out that is denied can be told so while the store refuses: what it leaves
    /// in the audit waits (R21).
    pub(super) fn answer_while_away(
        &mut self,
        request: &Request,
        now: Moment,
    ) -> Option<Result<Outcome, JournalError>> {
        let full = self.open_batch.changes.rows.len() >= MAX_ROWS_WHILE_AWAY;
        if !crate::journal::message::needs_store(&request.command) && !full {
            return None;
        }
        if let Command::CheckOut(check_out) = &request.command
            && self.status.state() == ShardState::StoreRefuses
            && self.may_answer().is_ok()
        {
            let out = &mut self.open_batch.changes;
            let denied = self.ledger.deny((request, check_out), now, &mut self.kept, out);
            self.count_dropped();
            if let Some(denied) = denied {
                return Some(Ok(denied));
            }
        }
        Some(Err(JournalError::StoreAway))
    }

    /// The denials of batches that will never be written.
    pub(super) fn keep_denials(&mut self, batch: &crate::store::Batch) {
        let open = std::mem::take(&mut self.open_batch.changes.events);
        self.kept.keep(batch.events.iter().cloned().chain(open));
        self.count_dropped();
    }

    fn count_dropped(&self) {
        self.status.stats.denials_dropped.store(self.dropped + self.kept.dropped(), Relaxed);
    }

    /// A batch is durable, or the shard is loaded.
    pub(super) fn serves(&mut self) {
        if self.status.state() == ShardState::StoreRefuses {
            tracing::info!(shard = %self.shard, "the store takes changes again");
        }
        self.status.set_state(self.shard, ShardState::Serving);
        let kept = std::mem::take(&mut self.kept);
        if kept.dropped() > 0 {
            self.dropped += kept.dropped();
            let (shard, denials) = (self.shard, kept.dropped());
            tracing::warn!(%shard, denials, "denials were not kept one by one; the audit has their number");
        }
        if kept.is_empty() {
            return;
        }
        let now = self.now();
        self.ledger.write_kept(kept, now, &mut self.open_batch.changes);
    }

    pub(super) fn stalled(&self, what: &str) {
        if self.status.state() == ShardState::Serving {
            tracing::warn!(shard = %self.shard, "{what} takes longer than {:?}", super::STALL);
            self.status.set_state(self.shard, ShardState::StoreAway);
        }
    }

    /// Whether nothing is left that the store does not have.
    pub(super) fn has_written_all(&self) -> bool {
        !self.left && self.open_batch.changes.is_empty() && self.kept.is_empty()
    }
}
