//! Steps: of queries and commands that take several, and of what earlier ones left over. One a turn of the loop.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::Ordering::Relaxed;

use super::super::JournalError;
use super::super::batch::Waiter;
use super::super::message::needs_store;
use super::super::reply::ReplyChannel;
use super::super::run_queue::{Job, RunningCommand};
use super::Writer;
use crate::ledger::change::Changes;
use crate::ledger::command::{Outcome, QueryResult, Request};
use crate::ledger::time::Moment;
use crate::ledger::{Execution, Reading};

/// What the batch in the making may have a store write before commands of several steps take none, when others wait for it:
/// some sixteen rows, or one that is large. With one step more, a commit of so many takes a few milliseconds.
const MAX_SHARED_BYTES: usize = 4 * 1024;
/// The same while nobody else changes anything: larger batches take less in all.
const MAX_ALONE_BYTES: usize = 64 * 1024;

impl Writer {
    /// A command of several steps: the first one now, unless one of the same tenant is under way, or there are too many:
    /// what has begun is finished, so none begins that there is no room for. Most end with their first step, which therefore
    /// does not wait until the batch is small: only a few commands may wait.
    pub(super) fn begin(&mut self, request: Request, reply: ReplyChannel<Outcome>, now: Moment) {
        if self.is_away() && needs_store(&request.command) {
            return reply.send(Err(JournalError::StoreAway));
        }
        let waits = self.run_queue.has_commands(&request.tenant) || self.run_queue.is_full();
        let running = RunningCommand::new(Execution::new(request));
        if waits {
            return self.run_queue.push(Job::Command(running, reply));
        }
        self.execute(running, reply, now);
    }

    /// A command that was not decided, because something else had to be done first: it has its next step in its turn.
    pub(super) fn enqueue(&mut self, request: Request, reply: ReplyChannel<Outcome>, wrote: bool) {
        if self.run_queue.is_full() {
            return reply.send(Err(JournalError::Overloaded));
        }
        let running = RunningCommand { execution: Execution::new(request), begun: true, wrote };
        self.run_queue.push(Job::Command(running, reply));
    }

    /// Takes a step of a command. What it wrote commits with the batch in the making, whether the command is over or not.
    fn execute(&mut self, mut running: RunningCommand, reply: ReplyChannel<Outcome>, now: Moment) {
        let (rows, events) = (self.open_batch.changes.rows.len(), self.open_batch.changes.events.len());
        let changes: &mut Changes = &mut self.open_batch.changes;
        let step = || self.ledger.execute(&mut running.execution, now, changes);
        let Ok(outcome) = catch_unwind(AssertUnwindSafe(step)) else {
            self.abort_step(rows, events, "a step of a command");
            return reply.send(Err(JournalError::Failed));
        };
        (running.begun, running.wrote) = (true, running.wrote || self.open_batch.changes.rows.len() > rows);
        match outcome {
            Some(outcome) => self.conclude(reply, outcome, running.wrote),
            None => self.run_queue.push(Job::Command(running, reply)),
        }
    }

    /// Takes a step of a query; most have one.
    pub(super) fn read(&mut self, mut reading: Reading, reply: ReplyChannel<QueryResult>, now: Moment) {
        if let Err(error) = self.may_answer()
            && !planted!(NoLeaseForNo)
        {
            return reply.send(Err(error));
        }
        let Ok(found) = catch_unwind(AssertUnwindSafe(|| self.ledger.read(&mut reading, now))) else {
            self.abort_step(self.open_batch.changes.rows.len(), self.open_batch.changes.events.len(), "a query");
            return reply.send(Err(JournalError::Failed));
        };
        let Some(found) = found else { return self.run_queue.push(Job::Query(reading, reply)) };
        self.status.stats.queries.fetch_add(1, Relaxed);
        self.answer_when_durable(Waiter::Query(reply, found));
    }

    /// Whether a step that writes may be taken: the batch in the making stays small, so that nobody's commit waits for long.
    pub(super) fn has_room_to_write(&self) -> bool {
        let most = if self.open_batch.others || self.beside_others { MAX_SHARED_BYTES } else { MAX_ALONE_BYTES };
        !self.is_away() && self.open_batch.changes.take_less_than(most)
    }

    pub(super) fn has_work(&self) -> bool {
        let waits = !self.backlog.is_empty() && self.may_take();
        // What memory has left over after a panic is not worked on: it goes with it.
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

    /// Takes one step of what takes several, or of what is left over.
    pub(super) fn run_steps(&mut self) {
        if !self.scrapes.is_empty() && !self.broken {
            self.count_on();
        }
        if self.broken {
            // Whoever asked for sums hears nothing.
            return self.scrapes.clear();
        }
        let writes = self.has_room_to_write();
        // Time and callers take turns, so that neither waits for the end of the other.
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
            self.abort_step(rows, events, "work that was left over");
        }
    }

    /// Before a stop: takes every step that is left of the commands that were submitted.
    pub(super) async fn finish_works(&mut self) {
        while !self.broken
            && !self.is_away()
            && let Some(work) = self.run_queue.pop(true)
        {
            match work {
                Job::Command(running, reply) => self.execute(running, reply, self.now()),
                Job::Query(_, reply) => reply.send(Err(JournalError::Stopping)),
            }
            self.send_open_batch().await;
        }
    }
}
