//! This process as a node: it sends a heartbeat once a second, and reads which other nodes are alive.

use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, watch};
use tokio_util::sync::CancellationToken;

use super::directory::Directory;
use super::lease::Lease;
use super::lock::LockFile;
use super::members::{Observer, Silent};
use super::view::{self, Claims, View};
use crate::clock::Clock;
use crate::ids::{NodeId, ShardId};
use crate::store::nodes::{
    ClusterSnapshot, FileHashes, LockName, NewNode, NodeHeartbeat, NodeRef, NodeState, NodeStore, PROTOCOL,
};
use crate::store::{Owner, StoreError};

/// Time from one heartbeat to the next.
pub const HEARTBEAT_INTERVAL: Duration = Duration::from_secs(1);
/// Failed heartbeats before the first successful one after which the store counts as unusable.
const MAX_INITIAL_FAILURES: u64 = 3;

/// Counters of heartbeats.
#[derive(Debug, Default)]
struct Stats {
    heartbeats: AtomicU64,
    missed: AtomicU64,
    /// Time at which the last successful heartbeat was sent, in milliseconds of boot time; 0: there was none.
    last_good: AtomicU64,
    declared_dead: AtomicU64,
}

/// Statistics of a node, for metrics.
#[derive(Debug, Clone, Copy, Default)]
pub struct NodeFigures {
    /// Successful heartbeats.
    pub heartbeats: u64,
    pub missed: u64,
    /// Time since the last successful heartbeat was sent.
    pub age: Duration,
    /// Number of other nodes that this node declared dead.
    pub declared_dead: u64,
    /// The node stands by, because a live process owns the shards.
    pub standby: bool,
}

/// This process as a node.
pub struct Node {
    store: Arc<dyn NodeStore>,
    clock: Clock,
    host: Box<str>,
    shards: u16,
    lease: Arc<Lease>,
    directory: Arc<Directory>,
    /// [`NodeState`] of the next heartbeat.
    state: AtomicU8,
    files: Mutex<FileHashes>,
    view: watch::Sender<View>,
    /// Notified when the next heartbeat is to be sent at once.
    wanted: Notify,
    stop: CancellationToken,
    stopped: CancellationToken,
    stats: Stats,
}

impl Node {
    /// A node that begins to work with [`Node::run`].
    #[must_use]
    pub fn new(store: Arc<dyn NodeStore>, clock: Clock, host: &str, shards: u16) -> Arc<Self> {
        Arc::new(Self {
            lease: Lease::none(clock.clone(), shards),
            directory: Arc::new(Directory::new(clock.clone())),
            store,
            clock,
            host: host.into(),
            shards,
            state: AtomicU8::new(0),
            files: Mutex::default(),
            view: watch::Sender::new(View::default()),
            wanted: Notify::new(),
            stop: CancellationToken::new(),
            stopped: CancellationToken::new(),
            stats: Stats::default(),
        })
    }

    /// The leases that this node's heartbeats extend.
    #[must_use]
    pub fn lease(&self) -> &Arc<Lease> {
        &self.lease
    }

    /// All nodes, as this node's heartbeats see them.
    #[must_use]
    pub fn directory(&self) -> &Arc<Directory> {
        &self.directory
    }

    /// View after each heartbeat. A receiver can also be used to wait for changes.
    #[must_use]
    pub fn views(&self) -> watch::Receiver<View> {
        self.view.subscribe()
    }

    /// Statistics, for metrics.
    #[must_use]
    pub fn figures(&self) -> NodeFigures {
        let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        NodeFigures {
            heartbeats: count(&self.stats.heartbeats),
            missed: count(&self.stats.missed),
            age: self.heartbeat_age().unwrap_or_default(),
            declared_dead: count(&self.stats.declared_dead),
            standby: self.view.borrow().is_standby(),
        }
    }

    /// Time since the last successful heartbeat was sent; `None`: there was none.
    #[must_use]
    pub fn heartbeat_age(&self) -> Option<Duration> {
        let last = Some(self.stats.last_good.load(Ordering::Relaxed)).filter(|last| *last > 0)?;
        Some(self.clock.boot_time().saturating_sub(Duration::from_millis(last)))
    }

    /// Sends a heartbeat every second until the node is stopped or dead, and then leaves. Must run where nothing can
    /// delay it. No other code calls the [`NodeStore`].
    pub async fn run(self: Arc<Self>, mut lock: LockFile) {
        let mut observer = Observer::default();
        let mut me = None;
        while !self.view.borrow().dead {
            let began = self.clock.boot_time();
            if let Err(error) = self.send_heartbeat(&mut me, &mut lock, &mut observer).await {
                self.missed(&mut observer, error);
            }
            let rest = HEARTBEAT_INTERVAL.saturating_sub(self.clock.boot_time().saturating_sub(began));
            tokio::select! {
                biased;
                () = self.stop.cancelled() => break,
                () = self.wanted.notified() => {}
                () = tokio::time::sleep(rest) => {}
            }
        }
        // Other processes may now take over what the node still owns: it may have been stopped while it started.
        (0..self.shards).map(ShardId).for_each(|shard| self.lease.end(shard));
        // A node that was declared dead has no row of its own any more.
        if let Some(me) = me
            && let Err(error) = self.store.leave(me).await
        {
            tracing::debug!(%error, "the node's row was left in the store; another node removes it");
        }
        self.stopped.cancel();
    }

    /// Ends [`Node::run`], and waits for its end for at most `wait`. Must be called after the shards were released, or
    /// when they are no longer used.
    pub async fn stop(&self, wait: Duration) {
        self.stop.cancel();
        let _ = tokio::time::timeout(wait, self.stopped.cancelled()).await;
    }

    /// Announces to other nodes that this node is about to end.
    pub fn drain(&self) {
        self.set_state(NodeState::Draining);
    }

    /// Waits until every shard may be claimed, according to a heartbeat with a number above `after`. Returns this node,
    /// the owner over which each shard must be claimed, and the number of that heartbeat.
    ///
    /// # Errors
    /// No heartbeat was ever successful, or `owners` does not have a row for each shard.
    pub async fn free(&self, after: u64) -> Result<(NodeRef, Vec<(ShardId, Owner)>, u64), StoreError> {
        let mut views = self.view.subscribe();
        let mut last_reason = None;
        loop {
            let view = views.borrow_and_update().clone();
            match (view.me, view.claims) {
                (Some(_), Claims::Free(owners)) if owners.len() != usize::from(self.shards) => {
                    let text = format!("owners: {} rows for {} shards", owners.len(), self.shards);
                    return Err(StoreError(text));
                }
                (Some(me), Claims::Free(owners)) if view.heartbeats > after => {
                    return Ok((me, owners, view.heartbeats));
                }
                (_, Claims::Blocked(why)) if view.heartbeats > after && last_reason.as_ref() != Some(&why) => {
                    tracing::info!(%why, "standing by");
                    last_reason = Some(why);
                }
                _ => {}
            }
            if let Some(error) = view.failure.filter(|_| view.heartbeats == 0 && view.missed >= MAX_INITIAL_FAILURES) {
                return Err(error);
            }
            if views.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    }

    /// Returns whether the store assigns every shard to this node, according to a heartbeat that is sent from now on.
    /// If so, the node becomes active: being declared dead then ends it.
    pub async fn confirm(&self, me: NodeRef) -> bool {
        let mut views = self.view.subscribe();
        let before = views.borrow_and_update().heartbeats;
        let mut requested_after = None;
        loop {
            let heartbeats = views.borrow().heartbeats;
            // Requests one heartbeat after each successful one; after a failed one the normal pause applies.
            if requested_after.replace(heartbeats) != Some(heartbeats) {
                self.wanted.notify_one();
            }
            if views.changed().await.is_err() {
                return false;
            }
            let view = views.borrow_and_update();
            if view.me != Some(me) {
                return false;
            }
            if view.mine.len() == usize::from(self.shards) {
                self.set_state(NodeState::Active);
                return true;
            }
            // A heartbeat that was in progress when this call began may have read too early.
            if view.heartbeats > before + 1 {
                return false;
            }
        }
    }

    /// Hashes of this node's files, which each later heartbeat sends (C10).
    pub fn set_files(&self, files: FileHashes) {
        *self.files.lock().unwrap_or_else(PoisonError::into_inner) = files;
    }

    fn files(&self) -> FileHashes {
        self.files.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set_state(&self, state: NodeState) {
        self.state.store(u8::try_from(state.code()).unwrap_or_default(), Ordering::Release);
    }

    fn state(&self) -> NodeState {
        NodeState::stored(i16::from(self.state.load(Ordering::Acquire))).unwrap_or(NodeState::Joining)
    }

    async fn send_heartbeat(
        &self,
        me: &mut Option<NodeRef>,
        lock: &mut LockFile,
        observer: &mut Observer,
    ) -> Result<(), StoreError> {
        let node = match *me {
            Some(node) => node,
            None => *me.insert(self.join().await?),
        };
        let (state, lock) = (self.state(), lock.hold());
        let (counted, sent) = (self.lease.now(), self.clock.boot_time());
        let (wall, files) = (self.clock.wall(), self.files());
        let snapshot = self.store.heartbeat(NodeHeartbeat { node, state, lock: lock.clone(), wall, files }).await?;
        let answered = self.clock.boot_time();
        self.stats.heartbeats.fetch_add(1, Ordering::Relaxed);
        if !snapshot.alive {
            self.declared_dead(me, state);
            return Ok(());
        }
        self.stats.last_good.store(u64::try_from(sent.as_millis()).unwrap_or(u64::MAX).max(1), Ordering::Relaxed);
        let mine = view::owned(&snapshot, node);
        for shard in (0..self.shards).map(ShardId) {
            if mine.contains(&shard) {
                self.lease.extend(shard, counted);
            } else if state == NodeState::Active {
                tracing::error!(%shard, "another process owns the shard");
                self.lease.lose(shard);
            }
        }
        let silent = observer.observe(&snapshot, sent, answered);
        let gone = self.declare(&snapshot, node, &silent, lock.as_ref()).await;
        self.directory.observe(node, &snapshot, &gone, answered);
        let claims = view::claims(&snapshot, node, &gone, &silent);
        self.view.send_modify(|view| {
            if view.missed > 0 && view.heartbeats > 0 {
                tracing::info!(missed = view.missed, "heartbeats succeed again");
            }
            *view = View { heartbeats: view.heartbeats + 1, me: Some(node), claims, mine, ..View::default() };
        });
        Ok(())
    }

    async fn join(&self) -> Result<NodeRef, StoreError> {
        let node = NodeRef { id: NodeId::random(), generation: 1 };
        let (host, version) = (self.host.clone(), crate::VERSION);
        self.store.join(NewNode { node, host, version, protocol: PROTOCOL, peer: None }).await?;
        tracing::info!(node = %node.id, host = %self.host, "joined");
        Ok(node)
    }

    /// A serving node ends. A node that was starting joins again, and loses what it has claimed.
    fn declared_dead(&self, me: &mut Option<NodeRef>, state: NodeState) {
        *me = None;
        self.wanted.notify_one();
        let dead = state != NodeState::Joining;
        if dead {
            tracing::error!("another process declared this one dead: it sent no heartbeat for too long");
            (0..self.shards).map(ShardId).for_each(|shard| self.lease.lose(shard));
        } else {
            tracing::warn!("another process declared this one dead while it started; joining anew");
        }
        self.view.send_modify(|view| *view = View { heartbeats: view.heartbeats, dead, ..View::default() });
    }

    /// Declares nodes dead that are silent, or whose process is known to have ended. Returns those that are dead now.
    async fn declare(
        &self,
        snapshot: &ClusterSnapshot,
        me: NodeRef,
        silent: &Silent,
        lock: Option<&LockName>,
    ) -> Vec<NodeRef> {
        let left = |row: &&crate::store::nodes::NodeRow| {
            row.state != NodeState::Dead && row.lock.is_some() && row.lock.as_ref() == lock
        };
        let left = snapshot.nodes.iter().filter(left).map(|row| (row.node, None));
        let silent = silent.nodes.iter().map(|(node, heartbeat)| (*node, Some(*heartbeat)));
        let mut gone = Vec::new();
        for (node, heartbeat) in left.chain(silent).filter(|(node, _)| *node != me) {
            match self.store.declare_dead(node, heartbeat).await {
                Ok(true) => {
                    tracing::warn!(node = %node.id, known = heartbeat.is_none(), "declared another process dead");
                    self.stats.declared_dead.fetch_add(1, Ordering::Relaxed);
                    gone.push(node);
                }
                Ok(false) => tracing::info!(node = %node.id, "another process is alive after all"),
                Err(error) => tracing::warn!(node = %node.id, %error, "another process was not declared dead"),
            }
        }
        gone
    }

    fn missed(&self, observer: &mut Observer, error: StoreError) {
        observer.missed();
        self.stats.missed.fetch_add(1, Ordering::Relaxed);
        self.view.send_modify(|view| {
            if view.missed == 0 {
                tracing::warn!(%error, "a heartbeat was missed");
            }
            view.missed += 1;
            view.failure = Some(error);
        });
    }
}
