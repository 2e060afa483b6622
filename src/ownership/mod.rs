//! Carries out the plan of the cluster: claims and loads shards, hands them over, and tells the other nodes. Finds, for
//! a call whose shard is not here, the node that has it.

mod locator;
mod outbox;
mod router;
mod shard_tasks;
mod unowned;
mod waiting;
mod ways;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

pub use locator::{Locator, NoPlace, Place};
pub use outbox::Outbox;
pub use router::Router;

use crate::clock::Clock;
use crate::cluster::{KnownOwner, Node, Owners, OwnershipFigures, View};
use crate::ids::{NodeId, OwnerToken, ShardId};
use crate::journal::{Journal, StartError};
use crate::peers::PeerMessage;
use crate::store::nodes::{NodeRef, NodeState};
use crate::store::{Owner, StoreError};
use shard_tasks::{Done, Settled, ShardTasks};
use unowned::Unowned;

/// Messages of other nodes that may wait to be heard. Later ones are lost; heartbeats tell the same a second later.
pub const MAX_MESSAGES: usize = 4_096;

/// Called with each shard that this node has opened.
pub type OnOpened = Box<dyn Fn(ShardId) + Send + Sync>;

/// The shards of this node.
pub struct Ownership {
    journal: Arc<Journal>,
    node: Arc<Node>,
    owners: Arc<Owners>,
    figures: Arc<OwnershipFigures>,
    clock: Clock,
    outbox: Arc<dyn Outbox>,
    /// This node gives its shards to no other while it serves (`--solo`).
    solo: bool,
    has_peers: AtomicBool,
    draining: watch::Sender<bool>,
    stop: CancellationToken,
    progress: watch::Sender<Progress>,
}

/// What has happened so far, for those who wait for it.
#[derive(Debug, Clone, Default)]
struct Progress {
    /// Changes in what this node knows or holds.
    changes: u64,
    /// Shards that are being released now.
    releasing: usize,
    /// Shards that this node could not load, because their rows are damaged, and why.
    damaged: BTreeMap<ShardId, StoreError>,
}

impl Ownership {
    #[must_use]
    pub fn new(
        journal: Arc<Journal>,
        node: Arc<Node>,
        owners: Arc<Owners>,
        figures: Arc<OwnershipFigures>,
        clock: Clock,
        outbox: Arc<dyn Outbox>,
        solo: bool,
    ) -> Arc<Self> {
        Arc::new(Self {
            journal,
            node,
            owners,
            figures,
            clock,
            outbox,
            solo,
            has_peers: AtomicBool::new(false),
            draining: watch::Sender::new(false),
            stop: CancellationToken::new(),
            progress: watch::Sender::new(Progress::default()),
        })
    }

    /// Follows the views of the node, and the messages of others, until [`Self::stop`].
    pub async fn run(self: Arc<Self>, mut messages: mpsc::Receiver<PeerMessage>, on_opened: OnOpened) {
        let mut tasks = ShardTasks::new(Arc::clone(&self.journal), Arc::clone(&self.node), self.clock.clone());
        let mut unowned = Unowned::new(self.journal.shards());
        let (mut views, mut draining) = (self.node.views(), self.draining.subscribe());
        let mut view = View::none();
        loop {
            tokio::select! {
                biased;
                () = self.stop.cancelled() => return,
                done = tasks.next() => self.finished(&mut tasks, &mut unowned, done, &on_opened),
                Some(message) = messages.recv() => self.hear(&mut tasks, &mut unowned, message, &view),
                Ok(()) = views.changed() => {
                    let former = view.me;
                    view = views.borrow_and_update().clone();
                    self.see(former, &view);
                    unowned.see(&self.owners, self.clock.boot_time());
                }
                _ = draining.changed() => {}
            }
            if view.heartbeats > 0 && view.missed == 0 {
                let draining = *draining.borrow_and_update();
                tasks.plan(&view, draining, self.solo && !draining);
            }
            self.figures.set_owned(self.journal.held().len());
            self.progress.send_modify(|progress| {
                progress.changes += 1;
                progress.releasing = tasks.releasing();
            });
        }
    }

    /// Takes over what a heartbeat has read. What a node owned that this one has just declared dead has no owner; nor has
    /// what this node owned, if it was declared dead itself. `former`: the node that it was before.
    fn see(&self, former: Option<NodeRef>, view: &View) {
        self.owners.learn_all(&view.snapshot);
        let former = former.filter(|former| Some(*former) != view.me);
        let died = |known: KnownOwner| known.node.is_some_and(|node| Some(node) == former || view.gone.contains(&node));
        for (shard, known) in self.owners.all().into_iter().filter(|(_, known)| died(*known)) {
            self.owners.learn(shard, KnownOwner { node: None, ..known });
        }
        // While it joins anew, the others are still there.
        if view.me.is_some() {
            self.has_peers.store(!self.is_alone(), Ordering::Relaxed);
        }
    }

    /// Other nodes tell what they did, so that nobody has to wait for the next heartbeat.
    fn hear(&self, tasks: &mut ShardTasks, unowned: &mut Unowned, message: PeerMessage, view: &View) {
        match message {
            PeerMessage::Owns { shard, epoch, node } => {
                self.owners.learn(shard, KnownOwner { epoch, node: Some(node) });
            }
            PeerMessage::Released { shard, epoch, to } => {
                self.owners.learn(shard, KnownOwner { epoch, node: None });
                if view.me == Some(to) && !*self.draining.borrow() {
                    unowned.was_given(shard, self.clock.boot_time());
                    // The claim compares with the released row, so a message that is wrong or late claims nothing.
                    tasks.claim(shard, Owner { epoch, token: OwnerToken(Uuid::nil()) }, to);
                }
            }
        }
    }

    fn finished(&self, tasks: &mut ShardTasks, unowned: &mut Unowned, done: Done, on_opened: &OnOpened) {
        match tasks.settle(done) {
            Settled::Opened { shard, epoch, me } => {
                unowned.ended(shard, self.clock.boot_time(), &self.figures);
                self.progress.send_modify(|progress| drop(progress.damaged.remove(&shard)));
                self.owners.learn(shard, KnownOwner { epoch, node: Some(me) });
                on_opened(shard);
                self.outbox.tell_all(PeerMessage::Owns { shard, epoch, node: me });
            }
            Settled::Released { shard, epoch, to } => {
                self.owners.learn(shard, KnownOwner { epoch, node: None });
                self.outbox.tell(to.id, PeerMessage::Released { shard, epoch, to });
            }
            Settled::Damaged(shard, error) => {
                self.progress.send_modify(|progress| drop(progress.damaged.insert(shard, error)));
            }
            Settled::Elsewhere => self.node.request_heartbeat(),
            Settled::Nothing => {}
        }
    }

    /// Waits until every shard has an owner, and those of this node are loaded. It does not wait for a shard whose rows
    /// are damaged, if there are other nodes: this one serves the others.
    ///
    /// # Errors
    /// The store is unusable; or a shard's rows are damaged, and there is no other node that could serve it.
    pub async fn settled(&self) -> Result<(), StartError> {
        self.node.first_view().await?;
        let mut progress = self.progress.subscribe();
        loop {
            let damaged = progress.borrow_and_update().damaged.clone();
            let is_settled = |(shard, known)| damaged.contains_key(&shard) || self.is_settled(shard, known);
            let settled = self.owners.all().into_iter().all(is_settled);
            match damaged.into_iter().next().filter(|_| self.is_alone()) {
                Some((shard, error)) => return Err(StartError::Damaged(shard, error)),
                None if settled => return Ok(()),
                None => {}
            }
            if progress.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    }

    fn is_settled(&self, shard: ShardId, known: KnownOwner) -> bool {
        let me = self.node.views().borrow().me;
        known.node.is_some_and(|node| Some(node) != me || self.journal.holds(shard))
    }

    /// This node, if it has joined.
    fn me(&self) -> Option<NodeId> {
        self.node.views().borrow().me.map(|me| me.id)
    }

    /// Returns whether there is a node that could answer instead of this one. Cheap: every call asks.
    #[must_use]
    pub fn has_peers(&self) -> bool {
        self.has_peers.load(Ordering::Relaxed)
    }

    /// Returns whether no other node lives, as far as the last good heartbeat shows. While this node has not joined, it
    /// knows of nobody, and is not alone.
    #[must_use]
    pub fn is_alone(&self) -> bool {
        let views = self.node.views();
        let view = views.borrow();
        view.me.is_some_and(|me| view.living().all(|row| row.node == me))
    }

    /// Hands every shard over to other nodes, for at most `wait`. Without an active one it returns at once; the journal's
    /// stop then releases the shards to nobody in particular.
    pub async fn drain(&self, wait: Duration) {
        self.node.drain();
        self.draining.send_replace(true);
        let mut progress = self.progress.subscribe();
        let handed_over = async {
            while self.has_successors()
                && (progress.borrow_and_update().releasing > 0 || !self.journal.held().is_empty())
            {
                if progress.changed().await.is_err() {
                    return;
                }
            }
        };
        if tokio::time::timeout(wait, handed_over).await.is_err() {
            tracing::warn!(shards = self.journal.held().len(), "not every shard was handed over in time");
        }
    }

    fn has_successors(&self) -> bool {
        let views = self.node.views();
        let view = views.borrow();
        view.living().any(|row| Some(row.node) != view.me && row.state == NodeState::Active)
    }

    /// Ends [`Self::run`].
    pub fn stop(&self) {
        self.stop.cancel();
    }
}
