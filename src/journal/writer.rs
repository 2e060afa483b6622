//! The writer: one loop per shard. A turn takes the waiting messages, reads the time once, applies them, commits and
//! answers. While one batch is being committed, the next one is built.

mod ending;
mod loading;
mod outcome;
mod preparing;
mod refusals;
mod steps;
mod time;
mod turn;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use tokio::sync::{Notify, mpsc, oneshot, watch};

use self::loading::{Loading, loaded};
use self::preparing::Preparing;
use super::backlog::Backlog;
use super::batch::{OpenBatch, Waiter, numbers};
use super::in_flight::{InFlight, Progress, on_failure, outcome, progress};
use super::message::{Leave, Message, from_memory};
use super::recovery::{ClaimedShard, commit_until_known};
use super::reply::ReplyChannel;
use super::run_queue::RunQueue;
use super::status::{PanicGuard, WriterStatus};
use super::timeline::{Timeline, mark};
use super::{COMMIT_STALL_TIMEOUT, JournalConfig, JournalError, ShardState};
use crate::clock::Clock;
use crate::cluster::ShardLease;
use crate::ids::{Seq, ShardId};
use crate::ledger::change::Changes;
use crate::ledger::command::{Outcome, Request};
use crate::ledger::time::Moment;
use crate::ledger::{KeptDenials, Ledger, PoolUsageEntry, Ticking, Totals};
use crate::spans;
use crate::store::nodes::NodeRef;
use crate::store::{Batch, Owner, Position, Store, StoreError};

pub(super) struct Writer {
    shard: ShardId,
    store: Arc<dyn Store>,
    clock: Clock,
    config: JournalConfig,
    owner: Owner,
    /// Position of the shard once all batches that were sent are durable.
    position: Position,
    /// The last batch that is in the store; once the shard is lost, the last one that may be.
    last_durable: Seq,
    ledger: Ledger,
    timeline: Timeline,
    open_batch: OpenBatch,
    in_flight: Option<InFlight>,
    run_queue: RunQueue,
    /// Lease within which answers may be given that are not the outcome of a batch of this process.
    lease: ShardLease,
    /// This process, as it is recorded with a claim.
    node: Option<NodeRef>,
    /// Time on the monotonic clock at which the last committed batch was sent; `None`: none since the load.
    committed: Option<Duration>,
    /// A panic happened during a change: nothing more is applied until the shard is loaded again.
    broken: bool,
    /// Messages that earlier turns had no time for.
    backlog: Backlog,
    /// The tick in progress, which takes several steps.
    ticking: Option<Ticking>,
    /// What is written before a release, while the shard is served.
    preparing: Option<Preparing>,
    /// Pending requests for totals.
    scrapes: Vec<Scrape>,
    /// A caller whose command took one step waited for the last batch; its next command may arrive at any moment.
    beside_others: bool,
    /// The next step is the tick's, not a caller's.
    times_turn: bool,
    /// The instruction to leave the shard: nothing behind it is taken.
    leaving: Option<Leave>,
    /// Time of the last log line about a long turn.
    long_turn_logged: Option<Duration>,
    loading: Option<Loading>,
    /// Number of consecutive batches whose rows the store refused.
    row_refusals: u32,
    /// Wakes the loop when the store has refused the batch in flight.
    refused: Arc<Notify>,
    kept: KeptDenials,
    /// The last batch was not written; later batches are not sent.
    left: bool,
    /// Number of denials without an event of their own, from refusals before the present one.
    dropped: u64,
    /// True: the writer is ending, and a batch gets only one more attempt.
    ending: watch::Sender<bool>,
    status: WriterStatus,
}

/// Number of busiest pools, and the reply channel.
type Scrape = (usize, oneshot::Sender<(Totals, Vec<PoolUsageEntry>)>);

/// Event with which a turn begins.
enum Event {
    Commit(Progress),
    /// Result of [`loaded`].
    Loaded(Option<Box<Result<Ledger, StoreError>>>),
    Messages(usize),
    /// Another process owns the shard.
    OwnerLost,
    Work,
}

impl Writer {
    pub fn new(
        shard: ShardId,
        store: Arc<dyn Store>,
        clock: Clock,
        config: JournalConfig,
        (lease, node): (ShardLease, Option<NodeRef>),
        claimed: ClaimedShard,
        status: WriterStatus,
    ) -> Self {
        let ClaimedShard { owner, position, ledger, timeline } = claimed;
        // The figure goes on where an earlier writer of this process left it.
        let dropped = status.slot.stats.denials_dropped.load(Relaxed);
        Self {
            shard,
            store,
            clock,
            config,
            owner,
            position,
            last_durable: position.seq,
            ledger,
            timeline,
            open_batch: OpenBatch::default(),
            in_flight: None,
            run_queue: RunQueue::default(),
            lease,
            node,
            committed: None,
            broken: false,
            backlog: Backlog::default(),
            ticking: None,
            preparing: None,
            scrapes: Vec::new(),
            beside_others: false,
            times_turn: false,
            leaving: None,
            long_turn_logged: None,
            loading: None,
            row_refusals: 0,
            refused: Arc::default(),
            kept: KeptDenials::default(),
            left: false,
            dropped,
            ending: watch::Sender::new(false),
            status,
        }
    }

    pub async fn run(mut self, mut messages: mpsc::Receiver<Message>) {
        let _guard = PanicGuard(Arc::clone(&self.status.slot));
        let mut drained = Vec::with_capacity(self.config.batch);
        let leave = loop {
            let room = self.room();
            let mut event = Event::Work;
            tokio::select! {
                biased;
                progress = progress(&mut self.in_flight), if self.in_flight.is_some() => event = Event::Commit(progress),
                loaded = loaded(&mut self.loading), if self.loading.is_some() => event = Event::Loaded(loaded.map(Box::new)),
                count = messages.recv_many(&mut drained, room), if room > 0 => event = Event::Messages(count),
                () = self.lease.lost() => event = Event::OwnerLost,
                // Steps run while there is no other event; other tasks run between two of them.
                () = tokio::task::yield_now(), if self.has_work() => {}
            }
            let (began, mut turn) = (self.begins(), self.turn());
            match event {
                Event::Commit(Progress::Done(outcome)) => self.commit_done(outcome),
                Event::Commit(Progress::Stalled) => self.stalled("a commit"),
                Event::Commit(Progress::Refused) => self.refused(),
                Event::Loaded(loaded) => self.has_loaded(loaded.map(|loaded| *loaded)),
                Event::OwnerLost => self.lose(),
                Event::Messages(0) => break None,
                Event::Messages(_) => self.handle_messages(&mut drained, &mut turn),
                // Other threads may use this processor between two steps, or they would wait for many.
                Event::Work => std::thread::yield_now(),
            }
            if self.is_lost() {
                break None;
            }
            self.catch_up(&mut turn);
            if let Some(leave) = self.leaves() {
                break Some(leave);
            }
            self.send_if_ready();
            self.run_steps();
            self.reload_if_broken();
            self.prepare_on();
            self.status.set_busy(self.run_queue.is_busy());
            self.ends(began);
        };
        self.pauses();
        messages.close();
        self.leave(leave, &mut messages).await;
    }

    /// Number of messages that may be taken from the queue now.
    fn room(&self) -> usize {
        if self.backlog.is_empty() {
            return if self.broken && !self.is_away() { 0 } else { self.batch_room() };
        }
        // New messages join the backlog, in the order of the tenants' turns. Together queue and backlog hold twice the
        // queue's length.
        if self.backlog.len() < self.config.queue { self.config.batch } else { 0 }
    }

    /// Number of callers for which the batch has space. Answers from memory wait for no batch and are not counted.
    /// While the store is away, every message is answered at once and needs no space.
    fn batch_room(&self) -> usize {
        if self.is_away() { self.config.batch } else { self.config.batch.saturating_sub(self.open_batch.waiters.len()) }
    }

    /// Returns whether a message may be applied now. After a panic it is refused, for which there is always space.
    fn may_take(&self) -> bool {
        self.broken || self.batch_room() > 0
    }

    fn is_away(&self) -> bool {
        matches!(self.status.state(), ShardState::StoreAway | ShardState::StoreRefuses)
    }

    fn is_lost(&self) -> bool {
        self.status.is_final()
    }

    fn now(&self) -> Moment {
        self.timeline.now(&self.clock)
    }

    /// Checks the lease. Every answer that is not the outcome of its own batch, yes or no, needs this check, made after
    /// the call arrived and before the answer is made: another process may have changed what this one has in memory.
    /// There is no exception for a store that is away: this process cannot tell that from being cut off.
    fn may_answer(&self) -> Result<(), JournalError> {
        if self.lease.holds() {
            Ok(())
        } else if self.lease.is_lost() {
            Err(JournalError::NotApplied(self.shard))
        } else {
            Err(JournalError::NoLease(self.shard))
        }
    }

    /// Error for what is not decided while the store is away. Without a lease another process may own the shard, and may
    /// have the store.
    fn away(&self) -> JournalError {
        self.may_answer().err().unwrap_or(JournalError::StoreAway)
    }

    fn command(&mut self, request: Request, reply: ReplyChannel<Outcome>, now: Moment) {
        let away = self.is_away();
        if away && let Some(answer) = self.answer_while_away(&request, now) {
            return reply.send(answer);
        }
        if !self.ledger.is_written(&request.tenant) {
            // Happens once, after an update (decision 51), as a command of several steps.
            return if away { reply.send(Err(self.away())) } else { self.begin(request, reply, now) };
        }
        let (rows, events) = (self.open_batch.changes.rows.len(), self.open_batch.changes.events.len());
        let changes: &mut Changes = &mut self.open_batch.changes;
        // While the store is away no command takes a further step.
        let decide = || {
            if away { Ok(self.ledger.apply(request, now, changes)) } else { self.ledger.decide(request, now, changes) }
        };
        let Ok(decided) = catch_unwind(AssertUnwindSafe(decide)) else {
            self.abort_step(rows, events, "a command");
            return reply.send(Err(JournalError::Failed));
        };
        let changed = self.open_batch.changes.rows.len() > rows;
        self.open_batch.others |= changed;
        match decided {
            Ok(outcome) => self.conclude(reply, outcome, changed),
            // Overdue work used up the whole step, so the command is not decided yet.
            Err(execution) => self.enqueue(execution, reply, changed),
        }
    }

    /// Discards the step that panicked, and distrusts memory. Changes of earlier steps are sound and are committed.
    fn abort_step(&mut self, rows: usize, events: usize, what: &str) {
        self.open_batch.truncate(rows, events);
        self.mark_for_reload();
        tracing::error!(shard = %self.shard, "{what} panicked; the shard will be loaded again");
    }

    /// Marks the state in memory for a reload. Commands and queries in progress have read that state, so they fail.
    fn mark_for_reload(&mut self) {
        (self.broken, self.ticking) = (true, None);
        self.scrapes.clear();
        self.run_queue.fail(JournalError::Failed);
    }

    /// Sends the answer to a command, or keeps it until it may be sent.
    fn conclude(&mut self, reply: ReplyChannel<Outcome>, outcome: Outcome, changed: bool) {
        self.status.slot.stats.commands.fetch_add(1, Relaxed);
        if changed && self.is_away() {
            // The ends of sessions that a late heartbeat caused stay, and wait for the store; the caller does not.
            reply.send(Err(self.away()));
        } else if changed {
            self.open_batch.waiters.push(Waiter::Command(reply, outcome));
        } else if let Err(error) = self.may_answer() {
            // The command's effect on memory stays: a heartbeat extends the lease of a session nevertheless.
            reply.send(Err(error));
        } else if from_memory(&outcome) {
            reply.send(Ok(outcome));
        } else {
            self.answer_when_durable(Waiter::Command(reply, outcome));
        }
    }

    /// Sends the answer once everything that it may show is durable.
    fn answer_when_durable(&mut self, waiter: Waiter) {
        let away = self.is_away();
        match &mut self.in_flight {
            Some(in_flight) if away && (in_flight.dirty || self.open_batch.is_dirty()) => {
                waiter.fail(JournalError::StoreAway);
            }
            _ if self.open_batch.is_dirty() => self.open_batch.waiters.push(waiter),
            Some(in_flight) if in_flight.dirty => in_flight.waiters.push(waiter),
            _ => waiter.answer(),
        }
    }

    fn send_if_ready(&mut self) {
        if self.in_flight.is_some() || self.open_batch.is_empty() {
            return;
        }
        let OpenBatch { changes, waiters, others, .. } = std::mem::take(&mut self.open_batch);
        self.beside_others = others;
        let dirty = !changes.rows.is_empty();
        let commands = waiters.iter().filter(|waiter| matches!(waiter, Waiter::Command(..))).count();
        let before = self.position;
        self.position.seq.0 += 1;
        (self.position.last_tenant, self.position.last_event) = numbers(&changes, before);
        let now = self.now();
        mark(&mut self.position, now, self.ledger.wall_high(), self.timeline.continuity(&self.clock));
        let batch = Arc::new(Batch::new(changes, self.position));
        fail_point!("batch-built");
        let (sent, sent_at) = (self.clock.monotonic(), spans::now());
        let (store, refused, ending) = (Arc::clone(&self.store), Arc::clone(&self.refused), self.ending.subscribe());
        let on_failure = on_failure(Arc::clone(&self.status.slot), Arc::clone(&refused));
        let by = (self.owner, self.node);
        let sure = commit_until_known(store, self.shard, by, Arc::clone(&batch), on_failure, ending);
        let (outcome, stall_timer) = (outcome(sure), Some(Box::pin(tokio::time::sleep(COMMIT_STALL_TIMEOUT))));
        let sent = InFlight { outcome, batch, before, waiters, commands, dirty, sent, sent_at, stall_timer, refused };
        self.in_flight = Some(sent);
    }
}
