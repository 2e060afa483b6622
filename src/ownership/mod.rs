//! Carries out the plan of the cluster: claims and loads shards, hands them over, and informs the other nodes. Finds, for
//! a call whose shard is not here, the node that has it.

mod ahead;
mod draining;
mod locator;
mod outbox;
mod preparing;
mod router;
mod second_hand;
mod shard_tasks;
mod unowned;
mod waiting;
mod ways;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::future::BoxFuture;
use futures_util::{StreamExt, stream};
use tokio::sync::{Notify, mpsc, watch};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

pub use locator::{Locator, NoPlace, Place};
pub use outbox::{Followed, Outbox, PeerLink};
pub use router::Router;
pub use second_hand::SecondHand;

use crate::clock::Clock;
use crate::cluster::{KnownOwner, Node, Owners, OwnershipFigures, View};
use crate::ids::{NodeId, OwnerToken, ShardId, ShardRange};
use crate::journal::{Follow, Journal, StartError};
use crate::peers::{HandOvers, PeerMessage, ShardBatches};
use crate::store::nodes::NodeRef;
use crate::store::{Owner, StoreError};
use ahead::Ahead;
use preparing::Preparing;
use shard_tasks::{Done, Settled, ShardTasks};
use unowned::Unowned;

/// Messages of other nodes that may wait to be heard. Later ones are lost; heartbeats show the same a second later.
pub const MAX_MESSAGES: usize = 4_096;

/// Called with each shard that this node has opened.
pub type OnOpened = Box<dyn Fn(ShardId) + Send + Sync>;

/// The shards of this node. A process that is a node of several cells has one for each.
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
    ahead: Arc<Ahead>,
    /// Boot time by which every shard must have left this node; `None`: it serves.
    draining: watch::Sender<Option<Duration>>,
    stop: CancellationToken,
    progress: watch::Sender<Progress>,
    /// The same for calls that wait: they go on in the order in which they came.
    moved: Notify,
    /// Of this node, as of the last view that had one.
    last_id: Mutex<Option<NodeId>>,
}

/// What has happened so far, for those who wait for a change in what this node knows or holds.
#[derive(Debug, Clone, Default)]
struct Progress {
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
        let ahead = Ahead::new(Arc::clone(&journal), clock.clone(), Arc::clone(&outbox));
        Arc::new(Self {
            journal,
            node,
            owners,
            figures,
            clock,
            outbox,
            solo,
            ahead,
            has_peers: AtomicBool::new(false),
            draining: watch::Sender::new(None),
            stop: CancellationToken::new(),
            progress: watch::Sender::new(Progress::default()),
            moved: Notify::new(),
            last_id: Mutex::default(),
        })
    }

    /// Follows the views of the node, and the messages of others, until [`Self::stop`].
    pub async fn run(self: Arc<Self>, mut messages: mpsc::Receiver<PeerMessage>, on_opened: OnOpened) {
        let mut tasks = self.tasks();
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
                    self.ahead.drop_old();
                }
                _ = draining.changed() => {}
            }
            // Before anything is released: from then on calls must be kept.
            self.note_peers();
            if view.heartbeats > 0 && view.missed == 0 {
                let draining = *draining.borrow_and_update();
                tasks.plan(&view, draining, self.solo && draining.is_none());
            }
            self.note_peers();
            self.figures.set_owned(self.journal.held().len());
            // Notifies of every turn, also where the numbers stay the same.
            self.progress.send_modify(|progress| progress.releasing = tasks.releasing());
            self.moved.notify_waiters();
        }
    }

    /// A node that is alone may still be loading what others have left: calls wait for that, too. While it joins anew,
    /// the others are still there.
    fn note_peers(&self) {
        let lacks = self.held().len() < usize::from(self.node.shards().count());
        self.has_peers.store(lacks || !self.is_alone(), Ordering::Relaxed);
    }

    fn tasks(&self) -> ShardTasks {
        let journal = Arc::clone(&self.journal);
        let preparing = Preparing::new(Arc::clone(&journal), Arc::clone(&self.outbox));
        ShardTasks::new(journal, Arc::clone(&self.node), self.clock.clone(), Arc::clone(&self.ahead), preparing)
    }

    /// The shards that this process holds, of those that this node may own: of one cell, or all.
    fn held(&self) -> Vec<ShardId> {
        let shards = self.node.shards();
        self.journal.held().into_iter().filter(|shard| shards.contains(*shard)).collect()
    }

    /// The shards that this node may own.
    #[must_use]
    pub fn shards(&self) -> ShardRange {
        self.node.shards()
    }

    /// Takes over what a heartbeat has read. What a node owned that this one has just declared dead has no owner; nor has
    /// what this node owned, if it was declared dead itself. `former`: the node that it was before.
    fn see(&self, former: Option<NodeRef>, view: &View) {
        if let Some(me) = view.me {
            *self.last_id.lock().unwrap_or_else(PoisonError::into_inner) = Some(me.id);
        }
        self.owners.learn_all(&view.snapshot);
        let former = former.filter(|former| Some(*former) != view.me);
        let died = |known: KnownOwner| known.node.is_some_and(|node| Some(node) == former || view.gone.contains(&node));
        for (shard, known) in self.owners.all().into_iter().filter(|(_, known)| died(*known)) {
            self.owners.learn(shard, KnownOwner { node: None, ..known });
        }
    }

    /// Other nodes report what they did, so that nobody has to wait for the next heartbeat.
    fn hear(&self, tasks: &mut ShardTasks, unowned: &mut Unowned, message: PeerMessage, view: &View) {
        match message {
            PeerMessage::Owns { shard, epoch, node } => {
                let former = self.owners.of(shard).node.filter(|former| *former != node);
                self.owners.learn(shard, KnownOwner { epoch, node: Some(node) });
                if former.is_some_and(|former| view.lives(former)) {
                    // Perhaps the shard was taken over: then its former owner is dead, and others of its shards are for
                    // this node.
                    self.node.request_heartbeat();
                }
                if Some(node) != view.me && tasks.has_claimed_before(shard, epoch) {
                    self.drop_lost(shard);
                }
            }
            PeerMessage::Released { shard, epoch, to } => {
                tracing::debug!(%shard, epoch = epoch.0, to = %to.id, "another node reports that it released a shard");
                self.owners.learn(shard, KnownOwner { epoch, node: None });
                if view.me == Some(to) && self.draining.borrow().is_none() {
                    unowned.was_given(shard, self.clock.boot_time());
                    // The claim compares with the released row, so a message that is wrong or late claims nothing.
                    tasks.claim(shard, Owner { epoch, token: OwnerToken(Uuid::nil()) }, to);
                }
            }
        }
    }

    /// Another node has claimed a shard that this one held: it does not read so itself while the store does not answer.
    fn drop_lost(&self, shard: ShardId) {
        let me = self.node.views().borrow().me;
        let lease = me.and_then(|me| self.node.lease(me));
        if lease.is_some_and(|lease| lease.lose(shard, self.clock.boot_time())) {
            tracing::error!(%shard, "another node says that it owns the shard");
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

    /// Waits until every shard that this node may own has an owner, and those of this node are loaded. It does not wait
    /// for a shard whose rows are damaged, if there are other nodes: this one serves the others.
    ///
    /// # Errors
    /// The store is unusable; or a shard's rows are damaged, and there is no other node that could serve it.
    pub async fn settled(&self) -> Result<(), StartError> {
        // Every view is progress: what comes of it begins before this goes on.
        let mut progress = self.progress.subscribe();
        loop {
            let damaged = progress.borrow_and_update().damaged.clone();
            let first = self.node.views().borrow().first();
            if let Some(first) = first {
                first?;
                let is_settled = |shard| damaged.contains_key(&shard) || self.is_settled(shard, self.owners.of(shard));
                let settled = self.shards().iter().all(is_settled);
                match damaged.into_iter().next().filter(|_| self.is_alone()) {
                    Some((shard, error)) => return Err(StartError::Damaged(shard, error)),
                    None if settled => return Ok(()),
                    None => {}
                }
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

    /// This node, if it has joined. While it joins anew, because it was declared dead, it is who it was.
    fn me(&self) -> Option<NodeId> {
        let me = self.node.views().borrow().me.map(|me| me.id);
        me.or_else(|| *self.last_id.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Returns whether a node has this id in this cell, as far as the last good heartbeat shows.
    fn knows(&self, node: NodeId) -> bool {
        self.node.views().borrow().snapshot.nodes.iter().any(|row| row.node.id == node)
    }

    /// Returns whether a call may have to be answered by another node, or here a little later. Cheap: every call asks.
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

    /// Ends [`Self::run`].
    pub fn stop(&self) {
        self.stop.cancel();
    }
}

impl HandOvers for Ownership {
    fn prepare(&self, from: NodeId, shard: ShardId) -> BoxFuture<'_, bool> {
        match *self.draining.borrow() {
            None => Box::pin(self.ahead.prepare(from, shard)),
            Some(_) => Box::pin(std::future::ready(false)),
        }
    }

    fn batches(&self, shard: ShardId) -> Option<ShardBatches> {
        let follow = self.journal.follow(shard)?;
        let since = follow.since;
        let next = |mut follow: Follow| async move { follow.next().await.map(|batch| (batch.encode(), follow)) };
        Some(ShardBatches { since, batches: stream::unfold(follow, next).boxed() })
    }
}
