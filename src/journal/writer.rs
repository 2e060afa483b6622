//! The one loop per shard: drain what waits, stamp `now` once, apply, commit, answer. While one batch is being
//! committed the next is built.

mod ending;
mod loading;
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
use super::backlog::Backlog;
use super::batch::{OpenBatch, Waiter, make_batch, numbers};
use super::in_flight::{InFlight, Progress, outcome, progress, trouble};
use super::message::{Message, from_memory, keeps_sessions};
use super::recovery::{ClaimedShard, CommitOutcome, commit_until_known};
use super::reply::ReplyChannel;
use super::run_queue::RunQueue;
use super::status::WriterStatus;
use super::timeline::{Timeline, mark};
use super::{JournalConfig, JournalError, STALL, ShardState};
use crate::clock::Clock;
use crate::cluster::ShardLease;
use crate::ids::ShardId;
use crate::ledger::change::Changes;
use crate::ledger::command::{Outcome, Request};
use crate::ledger::time::Moment;
use crate::ledger::{KeptDenials, Ledger, PoolUsageEntry, Ticking, Totals};
use crate::spans;
use crate::store::nodes::NodeRef;
use crate::store::{Owner, Position, Store, StoreError};

pub(super) struct Writer {
    shard: ShardId,
    store: Arc<dyn Store>,
    clock: Clock,
    config: JournalConfig,
    owner: Owner,
    /// Where the shard stands once everything that was sent is durable.
    position: Position,
    ledger: Ledger,
    timeline: Timeline,
    open_batch: OpenBatch,
    in_flight: Option<InFlight>,
    run_queue: RunQueue,
    /// Until when answers may be given that are not the outcome of a batch of ours.
    lease: ShardLease,
    /// As whom shards are claimed.
    node: Option<NodeRef>,
    /// When the last committed batch was sent, on the monotonic clock; `None`: not since the load.
    committed: Option<Duration>,
    /// A panic while applying: nothing more is applied before the shard is loaded again.
    broken: bool,
    /// What earlier turns had no time for.
    backlog: Backlog,
    /// Time has something to do.
    ticking: Option<Ticking>,
    /// Who asked for the sums.
    scrapes: Vec<Scrape>,
    /// Somebody whose command took one step waited for the last batch: the next one may be there any moment.
    beside_others: bool,
    /// The next step is time's, and not a caller's.
    times_turn: bool,
    /// Who asked for the end.
    stopping: Option<oneshot::Sender<bool>>,
    /// When a long turn was logged last.
    long_turn_logged: Option<Duration>,
    loading: Option<Loading>,
    /// Batches in a row whose rows the store refused.
    row_refusals: u32,
    /// Wakes the loop when the store has refused the batch in flight.
    refused: Arc<Notify>,
    kept: KeptDenials,
    /// The last batch was not written, and what comes behind it is not sent.
    left: bool,
    /// Denials that were not kept one by one, before the present refusal.
    dropped: u64,
    /// True: nobody waits for the store any longer than for one more attempt.
    ending: watch::Sender<bool>,
    status: WriterStatus,
}

/// How many of the busiest pools, and to whom.
type Scrape = (usize, oneshot::Sender<(Totals, Vec<PoolUsageEntry>)>);

/// What a turn begins with.
enum Event {
    Commit(Progress),
    /// See [`loaded`].
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
        Self {
            shard,
            store,
            clock,
            config,
            owner,
            position,
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
            scrapes: Vec::new(),
            beside_others: false,
            times_turn: false,
            stopping: None,
            long_turn_logged: None,
            loading: None,
            row_refusals: 0,
            refused: Arc::default(),
            kept: KeptDenials::default(),
            left: false,
            dropped: 0,
            ending: watch::Sender::new(false),
            status,
        }
    }

    pub async fn run(mut self, mut messages: mpsc::Receiver<Message>) {
        let mut drained = Vec::with_capacity(self.config.batch);
        let stopped = loop {
            let room = self.room();
            let mut event = Event::Work;
            tokio::select! {
                biased;
                progress = progress(&mut self.in_flight), if self.in_flight.is_some() => event = Event::Commit(progress),
                loaded = loaded(&mut self.loading), if self.loading.is_some() => event = Event::Loaded(loaded.map(Box::new)),
                count = messages.recv_many(&mut drained, room), if room > 0 => event = Event::Messages(count),
                // What is under way comes to its end first: who waits for it is told what became of it.
                () = self.lease.lost(), if self.in_flight.is_none() => event = Event::OwnerLost,
                // Steps are taken while nothing else is to be done; other tasks run between two of them.
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
                // Whoever waits for this processor has it between two steps: the system would let them wait for many.
                Event::Work => std::thread::yield_now(),
            }
            if self.is_lost() {
                break None;
            }
            self.catch_up(&mut turn);
            if let Some(reply) = self.stops() {
                break Some(reply);
            }
            self.send_if_ready();
            self.run_steps();
            self.mend();
            self.ends(began);
        };
        self.pauses();
        messages.close();
        self.end(&mut messages).await;
        if let Some(reply) = stopped {
            let _ = reply.send(self.has_written_all());
        }
    }

    /// How many messages may be taken out of the queue now.
    fn room(&self) -> usize {
        if self.backlog.is_empty() {
            return if self.broken && !self.is_away() { 0 } else { self.batch_room() };
        }
        // They are put in the order of tenants' turns, and wait on: twice as many as the queue holds.
        if self.backlog.len() < self.config.queue { self.config.batch } else { 0 }
    }

    /// A batch holds so many waiters. What is answered from memory waits for no batch, and takes no room. While the store is
    /// away everything is, to be answered at once.
    fn batch_room(&self) -> usize {
        if self.is_away() { self.config.batch } else { self.config.batch.saturating_sub(self.open_batch.waiters.len()) }
    }

    /// Whether a message may be applied now. After a panic it is refused, which always may be.
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

    /// Every answer that is not the outcome of its own batch, yes or no, is given only if this allows it, asked after the
    /// call arrived and before the answer is made: another process may have changed what is in memory. There is no exception
    /// for a store that is away: it cannot be told from being cut off.
    fn may_answer(&self) -> Result<(), JournalError> {
        if self.lease.holds() || planted!(LeaseExceptWhenAway) && self.is_away() {
            Ok(())
        } else if self.lease.is_lost() {
            Err(JournalError::NotOwner)
        } else {
            Err(JournalError::NoLease)
        }
    }

    fn command(&mut self, request: Request, reply: ReplyChannel<Outcome>, now: Moment) {
        let away = self.is_away();
        if away && let Some(answer) = self.answer_while_away(&request, now) {
            return reply.send(answer);
        }
        if !self.ledger.is_written(&request.tenant) {
            // Once, after an update (decision 51): as a command of several steps.
            return if away { reply.send(Err(JournalError::StoreAway)) } else { self.begin(request, reply, now) };
        }
        let (rows, events) = (self.open_batch.changes.rows.len(), self.open_batch.changes.events.len());
        let changes: &mut Changes = &mut self.open_batch.changes;
        // Nothing takes a further step while the store is away.
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
            // What was due before it took the whole step.
            Err(request) => self.enqueue(*request, reply, changed),
        }
    }

    /// What is in memory is not to be trusted after a panic; what was applied before is sound and goes its way.
    fn abort_step(&mut self, rows: usize, events: usize, what: &str) {
        self.open_batch.truncate(rows, events);
        self.distrust();
        tracing::error!(shard = %self.shard, "{what} panicked; the shard will be loaded again");
    }

    /// Memory is to be made anew. What is under way has seen it, and is not to be trusted either.
    fn distrust(&mut self) {
        (self.broken, self.ticking) = (true, None);
        self.scrapes.clear();
        self.run_queue.fail(JournalError::Failed);
    }

    /// Answers a command when it may be.
    fn conclude(&mut self, reply: ReplyChannel<Outcome>, outcome: Outcome, changed: bool) {
        self.status.stats.commands.fetch_add(1, Relaxed);
        if changed && self.is_away() {
            // What a late heartbeat ended stays so, and waits for the store; nobody waits with it.
            reply.send(Err(JournalError::StoreAway));
        } else if changed && !planted!(AckBeforeCommit) {
            self.open_batch.waiters.push(Waiter::Command(reply, outcome));
        } else if let Err(error) = self.may_answer()
            && (!planted!(NoLeaseForNo) || keeps_sessions(&outcome))
        {
            // What the command did to memory stays: a heartbeat extends the lease of a session all the same.
            reply.send(Err(error));
        } else if from_memory(&outcome) {
            reply.send(Ok(outcome));
        } else {
            self.answer_when_durable(Waiter::Command(reply, outcome));
        }
    }

    /// Holds an answer back until everything that it may show is durable.
    fn answer_when_durable(&mut self, waiter: Waiter) {
        let away = self.is_away();
        match &mut self.in_flight {
            _ if planted!(ReadsBeforeDurable) => waiter.answer(),
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
        let batch = Arc::new(make_batch(changes, self.position));
        die_here!(BatchBuilt);
        let (sent, sent_at) = (self.clock.monotonic(), spans::now());
        let (store, refused, ending) = (Arc::clone(&self.store), Arc::clone(&self.refused), self.ending.subscribe());
        let trouble =
            trouble(self.shard, self.status.states.clone(), Arc::clone(&self.status.stats), Arc::clone(&refused));
        let by = (self.owner, self.node);
        let sure = commit_until_known(store, self.shard, by, Arc::clone(&batch), trouble, ending);
        let (outcome, stall_timer) = (outcome(sure), Some(Box::pin(tokio::time::sleep(STALL))));
        let sent = InFlight { outcome, batch, before, waiters, commands, dirty, sent, sent_at, stall_timer, refused };
        self.in_flight = Some(sent);
    }

    fn damaged(&self, error: &StoreError) {
        tracing::error!(shard = %self.shard, %error, "the store is damaged; nothing more is answered");
        self.status.set_state(self.shard, ShardState::Damaged);
    }

    fn commit_done(&mut self, outcome: CommitOutcome) {
        let Some(mut sent) = self.in_flight.take() else { return };
        let traced = sent.traced(self.shard, !matches!(outcome, CommitOutcome::Committed(_)));
        match outcome {
            CommitOutcome::Committed(owner) => {
                self.owner = owner;
                self.committed = Some(sent.sent);
                #[cfg(feature = "faults")]
                if planted!(LeaseFromBatch) {
                    self.lease.extend_wrongly();
                }
                self.status.stats.batch_commands.record(sent.commands as u64);
                self.status.stats.commit_micros.record_micros(self.clock.monotonic().saturating_sub(sent.sent));
                self.status.ring.push(&sent.batch, self.timeline.line());
                sent.waiters.into_iter().for_each(Waiter::answer);
                self.row_refusals = if sent.dirty { 0 } else { self.row_refusals };
                self.serves();
            }
            CommitOutcome::NotWritten => {
                tracing::error!(shard = %self.shard, "the last batch was not written: the store takes no changes");
                sent.waiters.into_iter().for_each(|waiter| waiter.fail(JournalError::NotWritten));
                self.left = true;
            }
            CommitOutcome::Lost { committed: true } => {
                // Before the other one came: that is what became of it, whoever owns the shard now.
                sent.waiters.into_iter().for_each(Waiter::answer);
                self.lose();
            }
            CommitOutcome::Lost { committed: false } => {
                self.lose();
                sent.waiters.into_iter().for_each(|waiter| waiter.fail(JournalError::NotOwner));
            }
            CommitOutcome::Damaged(error) => {
                self.damaged(&error);
                sent.waiters.into_iter().for_each(|waiter| waiter.fail(JournalError::StoreAway));
            }
            CommitOutcome::Refused(owner, error) => {
                self.owner = owner;
                tracing::error!(shard = %self.shard, %error, "the store refused a batch; the shard is loaded again");
                self.keep_denials(&sent.batch);
                let open_batch = std::mem::take(&mut self.open_batch);
                let waiters = sent.waiters.into_iter().chain(open_batch.waiters);
                waiters.for_each(|waiter| waiter.fail(JournalError::Failed));
                self.position = sent.before;
                self.load_after_refusal();
            }
        }
        if let Some((works, batch)) = traced {
            spans::committed(works, batch);
        }
    }
}
