//! This process among those that share its store: it shows once a second that it lives, and reads who else does.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::{Notify, watch};
use tokio_util::sync::CancellationToken;

use super::lease::Lease;
use super::lock::LockFile;
use super::members::{Observer, Silent};
use super::view::{self, Claims, View};
use crate::clock::Clock;
use crate::ids::{NodeId, ShardId};
use crate::store::nodes::{LockName, NewNode, NodeBeat, NodeRef, NodeState, NodeStore, Sighting};
use crate::store::{Owner, StoreError};

/// From sending a beat to sending the next one.
pub const PERIOD: Duration = Duration::from_secs(1);
/// Beats that fail before the first good one: then the store cannot be used.
const FIRST_ATTEMPTS: u64 = 3;

/// What is counted of beats.
#[derive(Debug, Default)]
struct Stats {
    beats: AtomicU64,
    missed: AtomicU64,
    /// Milliseconds of boot time at which the last good beat was sent; 0: there was none.
    last_good: AtomicU64,
    declared_dead: AtomicU64,
}

/// A node's figures.
#[derive(Debug, Clone, Copy, Default)]
pub struct NodeFigures {
    /// Good ones.
    pub beats: u64,
    pub missed: u64,
    /// Since the last good one was sent.
    pub age: Duration,
    /// Other nodes that this one declared dead.
    pub declared_dead: u64,
    /// It waits, because another process owns the shards, and lives.
    pub standby: bool,
}

/// This process as a node.
pub struct Node {
    store: Arc<dyn NodeStore>,
    clock: Clock,
    host: Box<str>,
    shards: u16,
    lease: Arc<Lease>,
    /// [`NodeState`] of the next beat.
    state: AtomicU8,
    view: watch::Sender<View>,
    /// A beat is wanted now.
    wanted: Notify,
    stop: CancellationToken,
    stopped: CancellationToken,
    stats: Stats,
}

impl Node {
    /// A node that [`Node::run`] brings to life.
    #[must_use]
    pub fn new(store: Arc<dyn NodeStore>, clock: Clock, host: &str, shards: u16) -> Arc<Self> {
        Arc::new(Self {
            lease: Lease::none(clock.clone(), shards),
            store,
            clock,
            host: host.into(),
            shards,
            state: AtomicU8::new(0),
            view: watch::Sender::new(View::default()),
            wanted: Notify::new(),
            stop: CancellationToken::new(),
            stopped: CancellationToken::new(),
            stats: Stats::default(),
        })
    }

    #[must_use]
    pub fn lease(&self) -> &Arc<Lease> {
        &self.lease
    }

    #[must_use]
    pub fn views(&self) -> watch::Receiver<View> {
        self.view.subscribe()
    }

    #[must_use]
    pub fn figures(&self) -> NodeFigures {
        let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        NodeFigures {
            beats: count(&self.stats.beats),
            missed: count(&self.stats.missed),
            age: self.beat_age().unwrap_or_default(),
            declared_dead: count(&self.stats.declared_dead),
            standby: self.view.borrow().is_standby(),
        }
    }

    /// How long ago the last good beat was sent; `None`: there was none.
    #[must_use]
    pub fn beat_age(&self) -> Option<Duration> {
        let last = Some(self.stats.last_good.load(Ordering::Relaxed)).filter(|last| *last > 0)?;
        Some(self.clock.boot_time().saturating_sub(Duration::from_millis(last)))
    }

    /// Sends a beat a second until the node is stopped or dead, and then leaves. To be run where nothing else keeps it from
    /// running; it alone asks the [`NodeStore`].
    pub async fn run(self: Arc<Self>, mut lock: LockFile) {
        let mut observer = Observer::default();
        let mut me = None;
        while !self.view.borrow().dead {
            let began = self.clock.boot_time();
            if let Err(error) = self.beat(&mut me, &mut lock, &mut observer).await {
                self.missed(&mut observer, error);
            }
            let rest = PERIOD.saturating_sub(self.clock.boot_time().saturating_sub(began));
            tokio::select! {
                biased;
                () = self.stop.cancelled() => break,
                () = self.wanted.notified() => {}
                () = tokio::time::sleep(rest) => {}
            }
        }
        // What it still owns is anybody's then: it may have been told to end while it started.
        (0..self.shards).map(ShardId).for_each(|shard| self.lease.end(shard));
        // Who was declared dead has no name any more.
        if let Some(me) = me
            && let Err(error) = self.store.leave(me).await
        {
            tracing::debug!(%error, "the node's row was left in the store; another node removes it");
        }
        self.stopped.cancel();
    }

    /// Ends [`Node::run`], for at most `wait`. To be called when the shards are released, or nothing is done with them
    /// any more.
    pub async fn stop(&self, wait: Duration) {
        self.stop.cancel();
        let _ = tokio::time::timeout(wait, self.stopped.cancelled()).await;
    }

    /// Other nodes are told that it is about to end.
    pub fn drain(&self) {
        self.set_state(NodeState::Draining);
    }

    /// Waits until every shard may be claimed, as a beat after the `after`th one saw it: with this node's name, whom to
    /// claim each over, and the number of that beat.
    ///
    /// # Errors
    /// No beat was ever good.
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
                (Some(me), Claims::Free(owners)) if view.beats > after => return Ok((me, owners, view.beats)),
                (_, Claims::Blocked(why)) if view.beats > after && last_reason.as_ref() != Some(&why) => {
                    tracing::info!(%why, "standing by");
                    last_reason = Some(why);
                }
                _ => {}
            }
            if let Some(error) = view.failure.filter(|_| view.beats == 0 && view.missed >= FIRST_ATTEMPTS) {
                return Err(error);
            }
            if views.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    }

    /// Whether the store gives every shard to this node, as a beat sent from now on sees it. From then on the node is
    /// active: whoever declares it dead ends it.
    pub async fn confirm(&self, me: NodeRef) -> bool {
        let mut views = self.view.subscribe();
        let before = views.borrow_and_update().beats;
        let mut requested_after = None;
        loop {
            let beats = views.borrow().beats;
            // One after each good beat: those that are missed keep their pause.
            if requested_after.replace(beats) != Some(beats) {
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
            // The one that was under way when this began may have been too early.
            if view.beats > before + 1 {
                return false;
            }
        }
    }

    fn set_state(&self, state: NodeState) {
        self.state.store(u8::try_from(state.code()).unwrap_or_default(), Ordering::Release);
    }

    fn state(&self) -> NodeState {
        NodeState::stored(i16::from(self.state.load(Ordering::Acquire))).unwrap_or(NodeState::Joining)
    }

    async fn beat(
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
        let sighting = self.store.beat(NodeBeat { node, state, lock: lock.clone() }).await?;
        let answered = self.clock.boot_time();
        self.stats.beats.fetch_add(1, Ordering::Relaxed);
        if !sighting.alive {
            self.declared_dead(me, state);
            return Ok(());
        }
        self.stats.last_good.store(u64::try_from(sent.as_millis()).unwrap_or(u64::MAX).max(1), Ordering::Relaxed);
        let mine = view::owned(&sighting, node);
        for shard in (0..self.shards).map(ShardId) {
            if mine.contains(&shard) {
                self.lease.extend(shard, if planted!(LeaseFromAnswer) { self.lease.now() } else { counted });
            } else if state == NodeState::Active {
                tracing::error!(%shard, "another process owns the shard");
                self.lease.lose(shard);
            }
        }
        let silent = observer.saw(&sighting, sent, answered);
        let gone = self.declare(&sighting, node, &silent, lock.as_ref()).await;
        let claims = view::claims(&sighting, node, &gone, &silent);
        self.view.send_modify(|view| {
            if view.missed > 0 && view.beats > 0 {
                tracing::info!(missed = view.missed, "beats are good again");
            }
            *view = View { beats: view.beats + 1, me: Some(node), claims, mine, ..View::default() };
        });
        Ok(())
    }

    async fn join(&self) -> Result<NodeRef, StoreError> {
        let node = NodeRef { id: NodeId::random(), generation: 1 };
        self.store.join(NewNode { node, host: self.host.clone(), version: crate::VERSION }).await?;
        tracing::info!(node = %node.id, host = %self.host, "joined");
        Ok(node)
    }

    /// Who serves ends; who was only starting joins anew, and whatever it claimed before is not its any more.
    fn declared_dead(&self, me: &mut Option<NodeRef>, state: NodeState) {
        *me = None;
        self.wanted.notify_one();
        let dead = state != NodeState::Joining;
        if dead {
            tracing::error!("another process declared this one dead: it was not heard of for too long");
            (0..self.shards).map(ShardId).for_each(|shard| self.lease.lose(shard));
        } else {
            tracing::warn!("another process declared this one dead while it started; joining anew");
        }
        self.view.send_modify(|view| *view = View { beats: view.beats, dead, ..View::default() });
    }

    /// Declares dead who is silent, and whose process is known to be gone. Answers who is dead by that.
    async fn declare(
        &self,
        sighting: &Sighting,
        me: NodeRef,
        silent: &Silent,
        lock: Option<&LockName>,
    ) -> Vec<NodeRef> {
        let left = |row: &&crate::store::nodes::NodeRow| {
            row.state != NodeState::Dead && row.lock.is_some() && row.lock.as_ref() == lock
        };
        let left = sighting.nodes.iter().filter(left).map(|row| (row.node, None));
        let silent = silent.nodes.iter().map(|(node, beat)| (*node, Some(*beat)));
        let mut gone = Vec::new();
        for (node, beat) in left.chain(silent).filter(|(node, _)| *node != me) {
            let beat = if planted!(DeclareByGenerationAlone) { None } else { beat };
            match self.store.declare_dead(node, beat).await {
                Ok(true) => {
                    tracing::warn!(node = %node.id, known = beat.is_none(), "declared another process dead");
                    self.stats.declared_dead.fetch_add(1, Ordering::Relaxed);
                    gone.push(node);
                }
                Ok(false) => tracing::info!(node = %node.id, "another process lives after all"),
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
                tracing::warn!(%error, "a beat was missed");
            }
            view.missed += 1;
            view.failure = Some(error);
        });
    }
}
