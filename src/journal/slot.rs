//! A slot of the journal: one shard, whether this process holds it or not.

use std::sync::Arc;

use arc_swap::ArcSwapOption;
use tokio::sync::{Mutex, mpsc, watch};
use tokio::task::JoinHandle;

use super::followers::Followers;
use super::message::Message;
use super::session_watch::Ring;
use super::stats::Stats;
use super::{JournalError, ShardState};
use crate::cluster::ShardLease;
use crate::ids::ShardId;

/// The way to the writer of a shard that this process holds.
pub(super) struct Held {
    pub queue: mpsc::Sender<Message>,
    pub lease: ShardLease,
    pub ring: Arc<Ring>,
    pub followers: Arc<Followers>,
    /// A command of several steps is in progress.
    pub busy: watch::Receiver<bool>,
}

pub(super) struct Slot {
    pub shard: ShardId,
    /// The store belongs to this process alone: nobody else can answer what this process refuses.
    pub alone: bool,
    /// `None`: this process does not hold the shard.
    held: ArcSwapOption<Held>,
    states: watch::Sender<ShardState>,
    /// Number of shards that this process lost, over all slots.
    losses: watch::Sender<u64>,
    /// They go on when the shard comes back.
    pub stats: Arc<Stats>,
    /// The task of the last writer. Locked while the shard is opened or released: one thing happens to it at a time.
    pub writer: Mutex<Option<JoinHandle<()>>>,
}

impl Slot {
    pub fn new(shard: ShardId, alone: bool, losses: watch::Sender<u64>) -> Self {
        Self {
            shard,
            alone,
            held: ArcSwapOption::empty(),
            states: watch::Sender::new(ShardState::Elsewhere),
            losses,
            stats: Arc::default(),
            writer: Mutex::new(None),
        }
    }

    /// Puts a message into the queue of the shard's writer.
    pub fn send(&self, message: Message) -> Result<(), JournalError> {
        let held = self.held.load();
        let Some(held) = held.as_ref() else { return Err(self.refusal()) };
        held.queue.try_send(message).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => JournalError::Overloaded,
            mpsc::error::TrySendError::Closed(_) => self.refusal(),
        })
    }

    pub fn held(&self) -> Option<Arc<Held>> {
        self.held.load_full()
    }

    /// Like [`Self::held`], without a reference, for callers that need no more: one of them is on the way of each call.
    pub fn is_held(&self) -> bool {
        self.held.load().is_some()
    }

    /// Error for calls that no writer takes. If another process can own the shard, its owner is to be asked.
    pub fn refusal(&self) -> JournalError {
        match self.state() {
            ShardState::Failed => JournalError::Failed,
            ShardState::Lost => JournalError::NotApplied(self.shard),
            ShardState::Damaged if self.alone => JournalError::StoreAway,
            _ if self.alone => JournalError::Stopping,
            _ => JournalError::NotApplied(self.shard),
        }
    }

    pub fn state(&self) -> ShardState {
        *self.states.borrow()
    }

    pub fn states(&self) -> watch::Receiver<ShardState> {
        self.states.subscribe()
    }

    /// Takes calls from now on. The writer of `held` must not run yet, and no other may.
    pub fn open(&self, held: Held) {
        self.held.store(Some(Arc::new(held)));
        self.states.send_replace(ShardState::Serving);
    }

    /// Takes no calls from now on. Those that were taken are not affected.
    pub fn close(&self) {
        self.held.store(None);
    }

    /// Takes no calls from now on, and says why.
    pub fn end(&self, state: ShardState) {
        self.close();
        self.set_state(state);
    }

    /// Another process owns the shard.
    pub fn lose(&self) {
        self.end(if self.alone { ShardState::Lost } else { ShardState::Elsewhere });
        self.losses.send_modify(|losses| *losses += 1);
    }

    /// Sets the state, and logs it if that changes it.
    pub fn set_state(&self, state: ShardState) {
        self.states.send_if_modified(|now| {
            let from = std::mem::replace(now, state);
            if from != state {
                tracing::info!(shard = %self.shard, ?from, to = ?state, "shard state");
            }
            from != state
        });
    }

    /// Sets the state if it is one of `of`. Returns whether that changes it.
    pub fn begins(&self, state: ShardState, of: &[ShardState]) -> bool {
        self.states.send_if_modified(|now| {
            let begins = *now != state && of.contains(now);
            *now = if begins { state } else { *now };
            begins
        })
    }
}
