//! A turn of the loop: which messages it takes, for how long, and how long it took. The end of a commit, and a new
//! message, wait for one turn at most.

use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use super::super::JournalError;
use super::super::message::{Leave, Message, refuse};
use super::Writer;
use crate::ledger::Reading;
use crate::ledger::time::Moment;

/// Work of the ledger in one turn, in the ledger's units: about 2.5 ms. The rest is done in later turns.
const TURN_BUDGET: u64 = 2_500_000;
/// The same limit on the clock, which is read with every eighth message.
const MAX_TURN_TIME: Duration = Duration::from_millis(2);
const MESSAGES_PER_CLOCK_READ: u32 = 8;
/// A turn that took longer is logged, at most once per [`LOG_INTERVAL`].
const SLOW_TURN_TIME: Duration = Duration::from_millis(50);
const LOG_INTERVAL: Duration = Duration::from_secs(10);

/// Usage of a turn's budget, by new messages and by those of the backlog.
pub(super) struct Turn {
    work: u64,
    time: Duration,
    messages: u32,
    over: bool,
}

impl Writer {
    pub(super) fn turn(&self) -> Turn {
        Turn { work: self.ledger.work(), time: self.clock.monotonic(), messages: 0, over: false }
    }

    /// Counts one more message.
    fn charge(&self, turn: &mut Turn) {
        turn.messages += 1;
        // A ledger that was loaded in this turn counts its work from zero.
        turn.over |= self.ledger.work().saturating_sub(turn.work) >= TURN_BUDGET
            || (turn.messages.is_multiple_of(MESSAGES_PER_CLOCK_READ)
                && self.clock.monotonic() - turn.time >= MAX_TURN_TIME);
    }

    /// Applies the drained messages, all with one timestamp; those that the turn has no time for go to the backlog. The
    /// shard is left after everything that was queued before; messages behind that are refused.
    pub(super) fn handle_messages(&mut self, drained: &mut Vec<Message>, turn: &mut Turn) {
        let now = self.now();
        for mut message in drained.drain(..) {
            message.taken();
            match message {
                message if self.leaving.is_some() => refuse(message, self.status.end_error()),
                Message::Leave(leave) => self.leaving = Some(leave),
                Message::Tick => {
                    self.tick(now);
                    // A small tick is finished with its first step.
                    if self.has_room_to_write() {
                        self.tick_on();
                    }
                }
                Message::Totals(busiest, reply) => self.scrapes.push((busiest, reply)),
                Message::Prepare(reply) => self.prepare(reply, now),
                message if turn.over || !self.backlog.is_empty() => self.backlog.push(message),
                message => {
                    self.take(message, now);
                    self.charge(turn);
                }
            }
        }
    }

    /// Takes messages from the backlog for the rest of this turn.
    pub(super) fn catch_up(&mut self, turn: &mut Turn) {
        if self.backlog.is_empty() {
            return;
        }
        let now = self.now();
        while !turn.over
            && self.may_take()
            && let Some(message) = self.backlog.pop()
        {
            self.take(message, now);
            self.charge(turn);
        }
    }

    pub(super) fn take(&mut self, message: Message, now: Moment) {
        match message {
            // After a panic memory cannot be trusted: nothing is decided by it, read from it or written from it.
            message if self.broken => {
                let error = if self.loading.is_some() { self.away() } else { JournalError::Failed };
                refuse(message, error);
            }
            Message::Command(request, reply) if request.command.takes_steps() && !self.is_away() => {
                self.begin(request, reply, now);
            }
            Message::Command(request, reply) => self.command(request, reply, now),
            Message::Query(tenant, query, reply) => self.read(Reading::new(tenant, query), reply, now),
            Message::Number(tenant, reply) => {
                let _ = reply.send(self.may_answer().map(|()| self.ledger.tenant_no(&tenant)));
            }
            Message::Tick | Message::Totals(..) | Message::Prepare(_) | Message::Leave(_) => {
                unreachable!("taken in at once")
            }
        }
    }

    /// Returns the instruction to leave, once every message that was queued before it was handled.
    pub(super) fn leaves(&mut self) -> Option<Leave> {
        if self.backlog.is_empty() { self.leaving.take() } else { None }
    }

    /// Notes that a turn begins. [`super::super::Journal::stuck`] detects a turn that does not end.
    pub(super) fn begins(&self) -> Duration {
        let now = self.clock.monotonic();
        // Zero means that no turn is in progress.
        let micros = u64::try_from(now.as_micros()).unwrap_or(u64::MAX).max(1);
        self.status.slot.stats.step_began_micros.store(micros, Relaxed);
        now
    }

    /// Notes that no turn is in progress: waiting for the store does not count as one.
    pub(super) fn pauses(&self) {
        self.status.slot.stats.step_began_micros.store(0, Relaxed);
    }

    /// Records how long a turn took, unless it waited for the store in between.
    pub(super) fn ends(&mut self, began: Duration) {
        if self.status.slot.stats.step_began_micros.swap(0, Relaxed) == 0 {
            return;
        }
        let now = self.clock.monotonic();
        let took = now.saturating_sub(began);
        self.status.slot.stats.step_micros.record_micros(took);
        if took > SLOW_TURN_TIME
            && self.long_turn_logged.is_none_or(|logged| now.saturating_sub(logged) >= LOG_INTERVAL)
        {
            self.long_turn_logged = Some(now);
            tracing::warn!(shard = %self.shard, took_ms = took.as_millis(), "a step of the shard's writer took long");
        }
    }
}
