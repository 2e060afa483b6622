//! Steps of queries and commands that take several, and of work that earlier commands left over. The loop takes one a
//! turn.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use super::super::JournalError;
use super::super::batch::Waiter;
use super::super::message::needs_store;
use super::super::reply::ReplyChannel;
use super::super::run_queue::{Job, RunningCommand};
use super::Writer;
use crate::ids::Seq;
use crate::ledger::change::Changes;
use crate::ledger::command::{Outcome, QueryResult, Request};
use crate::ledger::time::Moment;
use crate::ledger::{Execution, Reading};

/// Bytes that the open batch may write to the store before commands of several steps must pause, when other callers
/// wait for it: about sixteen small rows, or one large row. With one more step, a commit of that size takes a few
/// milliseconds.
const MAX_SHARED_BYTES: usize = 4 * 1024;
/// The same limit while nobody else changes anything: larger batches cost less in total.
const MAX_ALONE_BYTES: usize = 64 * 1024;
/// Longest time for the commands of several steps of a shard that leaves, while its newcomers wait for the next owner.
pub(in crate::journal) const FINISH_TIMEOUT: Duration = Duration::from_secs(1);

impl Writer {
    /// Begins a command of several steps. It takes the first step now, unless a command of the same tenant is in
    /// progress, or there are too many: a command that has begun is always finished, so none begins without space for
    /// it. Most commands end with their first step. That step does not wait until the batch is small, because only a
    /// few commands may wait.
    pub(super) fn begin(&mut self, request: Request, reply: ReplyChannel<Outcome>, now: Moment) {
        if self.is_away() && needs_store(&request.command) {
            return reply.send(Err(self.away()));
        }
        let waits = self.run_queue.has_commands(&request.tenant) || self.run_queue.is_full();
        let running = RunningCommand::new(Execution::new(request));
        if waits {
            return self.run_queue.push(Job::Command(running, reply));
        }
        self.execute(running, reply, now);
    }

    /// Queues a command that was not decided because other work came first. It takes its next step in its turn.
    pub(super) fn enqueue(&mut self, execution: Box<Execution>, reply: ReplyChannel<Outcome>, wrote: bool) {
        if self.run_queue.is_full() {
            return reply.send(Err(JournalError::Overloaded));
        }
        let wrote = wrote.then(|| self.open_seq());
        let running = RunningCommand { execution, begun: true, wrote };
        self.run_queue.push(Job::Command(running, reply));
    }

    /// Takes a step of a command. Its changes commit with the open batch, whether the command is finished or not.
    fn execute(&mut self, running: RunningCommand, reply: ReplyChannel<Outcome>, now: Moment) {
        let (rows, events) = (self.open_batch.changes.rows.len(), self.open_batch.changes.events.len());
        let changes: &mut Changes = &mut self.open_batch.changes;
        let RunningCommand { execution, wrote, .. } = running;
        let step = || self.ledger.execute(execution, now, changes);
        let Ok(outcome) = catch_unwind(AssertUnwindSafe(step)) else {
            self.abort_step(rows, events, "a step of a command");
            return reply.send(Err(JournalError::Failed));
        };
        let wrote = wrote.or((self.open_batch.changes.rows.len() > rows).then(|| self.open_seq()));
        match outcome {
            Ok(outcome) => self.conclude(reply, outcome, wrote.is_some()),
            Err(execution) => {
                self.run_queue.push(Job::Command(RunningCommand { execution, begun: true, wrote }, reply));
            }
        }
    }

    /// Takes a step of a query; most queries have one.
    pub(super) fn read(&mut self, mut reading: Reading, reply: ReplyChannel<QueryResult>, now: Moment) {
        if let Err(error) = self.may_answer() {
            return reply.send(Err(error));
        }
        let Ok(found) = catch_unwind(AssertUnwindSafe(|| self.ledger.read(&mut reading, now))) else {
            self.abort_step(self.open_batch.changes.rows.len(), self.open_batch.changes.events.len(), "a query");
            return reply.send(Err(JournalError::Failed));
        };
        let Some(found) = found else { return self.run_queue.push(Job::Query(reading, reply)) };
        self.status.slot.stats.queries.fetch_add(1, Relaxed);
        self.answer_when_durable(Waiter::Query(reply, found));
    }

    /// Returns whether a step that writes may be taken. The open batch stays small, so that no commit takes long.
    pub(super) fn has_room_to_write(&self) -> bool {
        let max = if self.open_batch.others || self.beside_others { MAX_SHARED_BYTES } else { MAX_ALONE_BYTES };
        !self.is_away() && self.open_batch.changes.take_less_than(max)
    }

    pub(super) fn has_work(&self) -> bool {
        let waits = !self.backlog.is_empty() && self.may_take();
        // After a panic the work in memory is not continued: the reload discards it.
        waits || (!self.broken && self.has_steps())
    }

    fn has_steps(&self) -> bool {
        self.run_queue.has_queries()
            || !self.scrapes.is_empty()
            || (self.has_room_to_write() && self.has_writing_work())
    }

    fn has_writing_work(&self) -> bool {
        !self.run_queue.is_empty() || self.ledger.is_unfinished() || self.ticking.is_some()
    }

    /// Takes one step: of a count for a scrape, and of a command, a query, a tick or work that is left over.
    pub(super) fn run_steps(&mut self) {
        if !self.scrapes.is_empty() && !self.broken {
            self.count_on();
        }
        if self.broken {
            // The reply channels are dropped: a scrape gets no totals.
            return self.scrapes.clear();
        }
        let writes = self.has_room_to_write();
        // Ticks and callers take turns, so that neither waits for the other to finish.
        self.times_turn ^= writes;
        if writes && self.times_turn && self.ticking.is_some() {
            return self.tick_on();
        }
        match self.run_queue.pop(writes) {
            Some(Job::Query(reading, reply)) => self.read(reading, reply, self.now()),
            Some(Job::Command(running, reply)) => self.execute(running, reply, self.now()),
            None if writes && self.ledger.is_unfinished() => self.run_unfinished(self.now()),
            None if writes => self.tick_on(),
            None => {}
        }
    }

    pub(super) fn run_unfinished(&mut self, now: Moment) {
        let (rows, events) = (self.open_batch.changes.rows.len(), self.open_batch.changes.events.len());
        let changes = &mut self.open_batch.changes;
        if catch_unwind(AssertUnwindSafe(|| self.ledger.run_unfinished(now, changes))).is_err() {
            self.abort_step(rows, events, "unfinished work");
        }
    }

    /// Number of the open batch.
    fn open_seq(&self) -> Seq {
        Seq(self.position.seq.0 + 1)
    }

    /// Before the end: takes the remaining steps of the commands that were taken. If another process waits for the
    /// shard, no further step begins after [`FINISH_TIMEOUT`].
    pub(super) async fn finish_works(&mut self) {
        let (began, alone) = (self.clock.monotonic(), self.status.slot.alone);
        while !self.broken
            && !self.is_away()
            && !self.is_lost()
            && (alone || self.clock.monotonic().saturating_sub(began) < FINISH_TIMEOUT)
            && let Some(work) = self.run_queue.pop(true)
        {
            match work {
                Job::Command(running, reply) => self.execute(running, reply, self.now()),
                Job::Query(_, reply) => reply.send(Err(self.status.end_error())),
            }
            self.send_open_batch().await;
        }
    }
}
