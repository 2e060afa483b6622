//! A turn of the loop: what is taken in, for how long, and how long it was. Whoever waits for the end of a commit, or for
//! a first look at a message, waits for no more than a turn.

use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use tokio::sync::oneshot;

use super::super::JournalError;
use super::super::message::{Message, refuse};
use super::Writer;
use crate::ledger::Reading;
use crate::ledger::time::Moment;

/// Work of the ledger in one turn, in its units: some 2.5 ms. Everything above it has its turn later.
const TURN_BUDGET: u64 = 2_500_000;
/// The same by the clock, which is looked at with every eighth message.
const MAX_TURN: Duration = Duration::from_millis(2);
const MESSAGES_PER_LOOK: u32 = 8;
/// A turn that took longer is logged, but not more often than this.
const SLOW_TURN: Duration = Duration::from_millis(50);
const LOG_INTERVAL: Duration = Duration::from_secs(10);

/// How much of a turn is over: of new messages, and of those that earlier turns had no time for.
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

    /// One message more was taken.
    fn charge(&self, turn: &mut Turn) {
        turn.messages += 1;
        // A ledger that was loaded in this turn begins to count anew.
        turn.over |= self.ledger.work().saturating_sub(turn.work) >= TURN_BUDGET
            || (turn.messages.is_multiple_of(MESSAGES_PER_LOOK) && self.clock.monotonic() - turn.time >= MAX_TURN);
    }

    /// Applies what was drained, all at one moment; what the turn has no time for waits for the next ones. A stop comes
    /// after everything that was queued before it; what was queued behind is refused.
    pub(super) fn handle_messages(&mut self, drained: &mut Vec<Message>, turn: &mut Turn) {
        let now = self.now();
        for mut message in drained.drain(..) {
            message.taken();
            match message {
                message if self.stopping.is_some() => refuse(message, JournalError::Stopping),
                Message::Stop(reply) => self.stopping = Some(reply),
                Message::Tick => {
                    self.tick(now);
                    // A small one is over with its first step.
                    if self.has_room_to_write() {
                        self.tick_on();
                    }
                }
                Message::Totals(busiest, reply) => self.scrapes.push((busiest, reply)),
                message if turn.over || !self.backlog.is_empty() => self.backlog.push(message),
                message => {
                    self.take(message, now);
                    self.charge(turn);
                }
            }
        }
    }

    /// Goes on with what earlier turns had no time for, in what this one has left.
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
            // Memory is not to be trusted after a panic: nothing is decided by it, read from it or written of it.
            message if self.broken => {
                let error = if self.loading.is_some() { JournalError::StoreAway } else { JournalError::Failed };
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
            Message::Tick | Message::Totals(..) | Message::Stop(_) => unreachable!("taken in at once"),
        }
    }

    /// Everybody who was queued before the stop had their turn.
    pub(super) fn stops(&mut self) -> Option<oneshot::Sender<bool>> {
        if self.backlog.is_empty() { self.stopping.take() } else { None }
    }

    /// Notes that a turn begins; a turn without an end is seen by [`super::super::Journal::stuck`].
    pub(super) fn begins(&self) -> Duration {
        let now = self.clock.monotonic();
        // Zero means that none is under way.
        let micros = u64::try_from(now.as_micros()).unwrap_or(u64::MAX).max(1);
        self.status.stats.step_began_micros.store(micros, Relaxed);
        now
    }

    /// Waiting for the store is no step.
    pub(super) fn pauses(&self) {
        self.status.stats.step_began_micros.store(0, Relaxed);
    }

    /// Notes how long a turn was, unless it waited for the store in between.
    pub(super) fn ends(&mut self, began: Duration) {
        if self.status.stats.step_began_micros.swap(0, Relaxed) == 0 {
            return;
        }
        let now = self.clock.monotonic();
        let took = now.saturating_sub(began);
        self.status.stats.step_micros.record_micros(took);
        if took > SLOW_TURN && self.long_turn_logged.is_none_or(|logged| now.saturating_sub(logged) >= LOG_INTERVAL) {
            self.long_turn_logged = Some(now);
            tracing::warn!(shard = %self.shard, took_ms = took.as_millis(), "a step of the shard's writer took long");
        }
    }
}
