//! Carries out the plan of the cluster: claims and loads shards, hands them over, and tells the other nodes. Finds, for
//! a call whose shard is not here, the node that has it.

mod outbox;
mod router;
mod shard_tasks;
mod waiting;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

pub use outbox::{Outbox, PeerMessage};
pub use router::{PeerLink, Router};

use crate::cluster::{KnownOwner, Node, Owners, View};
use crate::ids::{OwnerToken, ShardId};
use crate::journal::{Journal, StartError};
use crate::store::Owner;
use crate::store::nodes::{NodeRef, NodeState};
use shard_tasks::ShardTasks;

/// Failed heartbeats before the first successful one after which the store counts as unusable.
const MAX_INITIAL_FAILURES: u64 = 3;

/// Messages of other nodes that may wait to be heard; later ones are dropped, and heartbeats tell the same a second
/// later.
pub const MAX_MESSAGES: usize = 4_096;

/// Called with each shard that this node has opened, before other nodes hear of it.
pub type OnOpened = Box<dyn Fn(ShardId) + Send + Sync>;

/// The shards of this node.
pub struct Ownership {
    journal: Arc<Journal>,
    node: Arc<Node>,
    owners: Arc<Owners>,
    outbox: Arc<dyn Outbox>,
    on_opened: OnOpened,
    /// The node keeps its shards while it lives, and no other node runs beside it (`--solo`).
    solo: bool,
    draining: watch::Sender<bool>,
    stop: CancellationToken,
    progress: watch::Sender<Progress>,
}

/// What has happened so far, for those who wait for it.
#[derive(Debug, Clone, Default)]
struct Progress {
    /// Number of changes of the shards that this node holds.
    changes: u64,
    /// A shard whose rows are damaged.
    damaged: Option<(ShardId, String)>,
}

impl Ownership {
    #[must_use]
    pub fn new(
        journal: Arc<Journal>,
        node: Arc<Node>,
        owners: Arc<Owners>,
        outbox: Arc<dyn Outbox>,
        solo: bool,
        on_opened: OnOpened,
    ) -> Arc<Self> {
        Arc::new(Self {
            journal,
            node,
            owners,
            outbox,
            on_opened,
            solo,
            draining: watch::Sender::new(false),
            stop: CancellationToken::new(),
            progress: watch::Sender::new(Progress::default()),
        })
    }

    /// Follows the views of the node and the messages of others until [`Self::stop`].
    pub async fn run(self: Arc<Self>, mut messages: mpsc::Receiver<PeerMessage>) {
        let mut tasks = ShardTasks::new(Arc::clone(&self.journal), Arc::clone(&self.node));
        let (mut views, mut draining) = (self.node.views(), self.draining.subscribe());
        loop {
            tokio::select! {
                biased;
                () = self.stop.cancelled() => return,
                done = tasks.next() => self.finished(&mut tasks, done),
                Some(message) = messages.recv() => self.hear(&mut tasks, message),
                changed = views.changed() => match changed {
                    Ok(()) => self.see(&views.borrow_and_update()),
                    Err(_) => return,
                },
                _ = draining.changed() => draining.mark_unchanged(),
            }
            let view = self.node.view();
            if view.heartbeats > 0 && view.me.is_some() {
                tasks.plan(&view, *self.draining.borrow(), self.solo);
            }
        }
    }

    fn see(&self, view: &View) {
        self.owners.learn_all(&view.snapshot);
        self.progress.send_modify(|progress| progress.changes += 1);
    }

    /// Other nodes tell what they did, so that nobody waits for the next heartbeat.
    fn hear(&self, tasks: &mut ShardTasks, message: PeerMessage) {
        match message {
            PeerMessage::Owns { shard, epoch, node } => {
                self.owners.learn(shard, KnownOwner { epoch, node: Some(node) });
            }
            PeerMessage::Released { shard, epoch, to } => {
                let news = self.owners.learn(shard, KnownOwner { epoch, node: None });
                let me = self.node.view().me;
                if news && me == Some(to) && !*self.draining.borrow() {
                    // The claim compares with the released row, so a message that is wrong or late claims nothing.
                    tasks.claim(shard, Owner { epoch, token: OwnerToken(uuid::Uuid::nil()) }, to);
                }
            }
        }
    }

    fn finished(&self, tasks: &mut ShardTasks, done: shard_tasks::Done) {
        match tasks.settle(done) {
            shard_tasks::Settled::Opened { shard, epoch, me } => {
                self.owners.learn(shard, KnownOwner { epoch, node: Some(me) });
                (self.on_opened)(shard);
                self.outbox.tell_all(PeerMessage::Owns { shard, epoch, node: me });
            }
            shard_tasks::Settled::Released { shard, epoch, to } => {
                self.owners.learn(shard, KnownOwner { epoch, node: None });
                self.outbox.tell(to.id, PeerMessage::Released { shard, epoch, to });
            }
            shard_tasks::Settled::NotOpened { shard, error } => {
                self.node.request_heartbeat();
                if let StartError::Damaged(_, error) = &error {
                    self.progress.send_modify(|progress| progress.damaged = Some((shard, error.0.clone())));
                }
            }
            shard_tasks::Settled::Nothing => self.node.request_heartbeat(),
        }
        self.progress.send_modify(|progress| progress.changes += 1);
    }

    /// Waits until every shard has an owner, and those of this node are loaded.
    ///
    /// # Errors
    /// The store is unusable; or a shard's rows are damaged, and no other node could serve it.
    pub async fn settled(&self) -> Result<(), StartError> {
        let mut progress = self.progress.subscribe();
        let mut views = self.node.views();
        loop {
            let view = views.borrow_and_update().clone();
            if let Some(error) = view.failure.filter(|_| view.heartbeats == 0 && view.missed >= MAX_INITIAL_FAILURES) {
                return Err(StartError::Store(error));
            }
            let damaged = progress.borrow_and_update().damaged.clone();
            if let Some((shard, error)) = damaged.filter(|_| self.is_alone()) {
                return Err(StartError::Damaged(shard, crate::store::StoreError(error)));
            }
            if view.heartbeats > 0 && self.unsettled().is_empty() {
                return Ok(());
            }
            tokio::select! {
                _ = progress.changed() => {}
                _ = views.changed() => {}
            }
        }
    }

    /// Shards that have no owner as far as this node knows, or that it is still loading.
    fn unsettled(&self) -> Vec<ShardId> {
        let me = self.node.view().me;
        let all = self.owners.all().into_iter();
        all.filter(|(shard, known)| match known.node {
            None => true,
            Some(node) => Some(node) == me && !self.journal.holds(*shard),
        })
        .map(|(shard, _)| shard)
        .collect()
    }

    /// Returns whether no other node is alive, as far as the last heartbeat shows.
    #[must_use]
    pub fn is_alone(&self) -> bool {
        self.node.view().others().next().is_none()
    }

    /// Hands every shard over to the other nodes, for at most `wait`. Returns at once if there are none: a stop then
    /// releases the shards to nobody in particular.
    pub async fn drain(&self, wait: Duration) {
        self.node.drain();
        if self.is_alone() {
            return;
        }
        self.draining.send_replace(true);
        let mut progress = self.progress.subscribe();
        let gone = async {
            while !self.journal.held().is_empty() && !self.is_alone() {
                if progress.changed().await.is_err() {
                    return;
                }
            }
        };
        if tokio::time::timeout(wait, gone).await.is_err() {
            tracing::warn!(shards = self.journal.held().len(), "not every shard was handed over in time");
        }
    }

    /// Ends [`Self::run`].
    pub fn stop(&self) {
        self.stop.cancel();
    }
}

