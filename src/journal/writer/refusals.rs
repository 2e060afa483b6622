//! The store refuses all changes and says so, until an operator repairs it. The writer keeps the refused batch and
//! sends it again. Callers that wait for the batch get an error at once; answers from memory go on.

use std::sync::atomic::Ordering::Relaxed;

use super::Writer;
use crate::journal::batch::Waiter;
use crate::journal::{JournalError, ShardState};
use crate::ledger::command::{Command, Outcome, Request};
use crate::ledger::time::Moment;

/// Maximum number of rows in the open batch while the store is away: ends of sessions whose heartbeats came too late.
const MAX_ROWS_WHILE_AWAY: usize = 10_000;

impl Writer {
    /// Handles a refusal of the batch in flight: fails all callers that wait for a batch.
    pub(super) fn refused(&mut self) {
        let sent = self.in_flight.iter_mut().flat_map(|sent| std::mem::take(&mut sent.waiters));
        let waiters: Vec<Waiter> = sent.chain(std::mem::take(&mut self.open_batch.waiters)).collect();
        waiters.into_iter().for_each(|waiter| waiter.fail(JournalError::NotWritten));
        // Each step of a command is complete by itself; the remaining steps are not taken.
        self.run_queue.fail(JournalError::NotWritten);
    }

    /// Answer to a command that is not decided while the store is away, because it needs the store or would add rows
    /// without a bound. `None`: the command can be decided. A check-out can be denied while the store refuses changes:
    /// its audit event waits (R21).
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
        Some(Err(self.away()))
    }

    /// Keeps the denials of a batch that will never be written, and of the open batch.
    pub(super) fn keep_denials(&mut self, batch: &crate::store::Batch) {
        let open = std::mem::take(&mut self.open_batch.changes.events);
        self.kept.keep(batch.events.iter().cloned().chain(open));
        self.count_dropped();
    }

    fn count_dropped(&self) {
        self.status.slot.stats.denials_dropped.store(self.dropped + self.kept.dropped(), Relaxed);
    }

    /// Notes that the shard serves again: a batch is durable, or the shard is loaded.
    pub(super) fn serves(&mut self) {
        if self.is_lost() {
            return;
        }
        if self.status.state() == ShardState::StoreRefuses {
            tracing::info!(shard = %self.shard, "the store accepts changes again");
        }
        self.status.set_state(ShardState::Serving);
        let kept = std::mem::take(&mut self.kept);
        if kept.dropped() > 0 {
            self.dropped += kept.dropped();
            let (shard, denials) = (self.shard, kept.dropped());
            tracing::warn!(%shard, denials, "denials were not recorded one by one; the audit has their number");
        }
        if kept.is_empty() {
            return;
        }
        let now = self.now();
        self.ledger.write_kept(kept, now, &mut self.open_batch.changes);
    }

    pub(super) fn stalled(&self, what: &str) {
        if self.status.state() == ShardState::Serving {
            tracing::warn!(shard = %self.shard, "{what} takes longer than {:?}", super::COMMIT_STALL_TIMEOUT);
            self.status.set_state(ShardState::StoreAway);
        }
    }

    /// Returns whether the store has every change.
    pub(super) fn has_written_all(&self) -> bool {
        !self.left && self.open_batch.changes.is_empty() && self.kept.is_empty()
    }
}
