//! Claims and releases of shards that are in progress. Each runs in a task of its own, because a load takes as long as
//! the shard is large.

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use tokio::task::JoinSet;

use super::ahead::Ahead;
use super::preparing::{Preparing, time_for_each};
use crate::clock::Clock;
use crate::cluster::{Action, Holdings, Node, Planner, View};
use crate::ids::{Epoch, ShardId};
use crate::journal::{Journal, StartError};
use crate::store::nodes::{NodeRef, NodeRow, NodeState};
use crate::store::{Owner, StoreError};

/// End of a task.
pub(super) enum Done {
    Opened(ShardId, NodeRef, Result<Owner, StartError>),
    /// `None`: the shard was not held any more.
    Released(ShardId, NodeRef, Option<Owner>),
    /// It was not released: its successor is gone.
    Kept(ShardId),
    GivenBack(ShardId),
    /// A panic, which is a bug.
    Panicked(ShardId),
}

/// What followed from it.
pub(super) enum Settled {
    Opened {
        shard: ShardId,
        epoch: Epoch,
        me: NodeRef,
    },
    /// The shard's rows are damaged.
    Damaged(ShardId, StoreError),
    Released {
        shard: ShardId,
        epoch: Epoch,
        to: NodeRef,
    },
    /// Another node owns the shard. Only a heartbeat shows which one.
    Elsewhere,
    /// Nothing that anybody must know before the next heartbeat.
    Nothing,
}

/// The tasks of one node, and the planner that they follow.
pub(super) struct ShardTasks {
    journal: Arc<Journal>,
    node: Arc<Node>,
    clock: Clock,
    ahead: Arc<Ahead>,
    preparing: Arc<Preparing>,
    planner: Planner,
    /// Epochs as which this node has claimed shards, at last.
    claimed: BTreeMap<ShardId, Epoch>,
    loading: BTreeSet<ShardId>,
    releasing: BTreeSet<ShardId>,
    running: JoinSet<Done>,
}

impl ShardTasks {
    pub fn new(
        journal: Arc<Journal>,
        node: Arc<Node>,
        clock: Clock,
        ahead: Arc<Ahead>,
        preparing: Arc<Preparing>,
    ) -> Self {
        Self {
            planner: Planner::new(node.shards()),
            journal,
            node,
            clock,
            ahead,
            preparing,
            claimed: BTreeMap::new(),
            loading: BTreeSet::new(),
            releasing: BTreeSet::new(),
            running: JoinSet::new(),
        }
    }

    /// Waits for the end of a task; forever, if there is none. Safe to cancel.
    pub async fn next(&mut self) -> Done {
        match self.running.join_next().await {
            Some(Ok(done)) => done,
            // No task is ever aborted, and a panic is caught inside of it.
            Some(Err(_)) | None => std::future::pending().await,
        }
    }

    /// Returns whether this node has claimed the shard before that epoch. What it is claiming or loading now is later.
    pub fn has_claimed_before(&self, shard: ShardId, epoch: Epoch) -> bool {
        let claimed = self.claimed.get(&shard).is_some_and(|claimed| *claimed < epoch);
        claimed && !self.loading.contains(&shard)
    }

    fn spawn(&mut self, shard: ShardId, work: impl Future<Output = Done> + Send + 'static) {
        let work = AssertUnwindSafe(work).catch_unwind();
        self.running.spawn(async move { work.await.unwrap_or(Done::Panicked(shard)) });
    }

    /// Number of shards that are being released.
    pub fn releasing(&self) -> usize {
        self.releasing.len()
    }

    /// Starts what the plan says now. `draining`: the boot time by which every shard must have left. `keeps`: the node
    /// releases no shard, whatever the plan says.
    pub fn plan(&mut self, view: &View, draining: Option<Duration>, keeps: bool) {
        let Some(me) = view.me else { return };
        let shards = self.node.shards();
        let is_served = |shard: &ShardId| shards.contains(*shard) && !self.releasing.contains(shard);
        let serving = self.journal.held().into_iter().filter(is_served).collect();
        let (loading, releasing) = (self.loading.clone(), self.releasing.clone());
        let holdings = Holdings { serving, loading, releasing, draining: draining.is_some() };
        for action in self.planner.plan(view, &holdings, self.clock.boot_time()) {
            match action {
                Action::Claim { shard, over } => self.claim(shard, over, me),
                Action::Release { .. } if keeps => {}
                Action::Release { shard, to } => self.release(shard, to, draining),
                Action::GiveBack { shard, owner, to } => self.give_back(shard, owner, to),
            }
        }
    }

    /// Claims a shard as `me`, unless there is something to do with it already, or this node has another id by now.
    pub fn claim(&mut self, shard: ShardId, over: Owner, me: NodeRef) {
        let Some(lease) = self.node.lease(me) else { return };
        if self.journal.holds(shard) || self.releasing.contains(&shard) || !self.loading.insert(shard) {
            return;
        }
        let (journal, lease, ahead) = (Arc::clone(&self.journal), lease.shard(shard), self.ahead.take(shard));
        self.spawn(shard, async move { Done::Opened(shard, me, journal.open(shard, over, me, lease, ahead).await) });
    }

    /// Releases a shard after it was prepared, unless its successor is gone by then.
    fn release(&mut self, shard: ShardId, to: NodeRef, draining: Option<Duration>) {
        // Those of other cells leave beside them: each cell releases as many at a time.
        let shards = self.node.shards();
        let here = self.journal.held().into_iter().filter(|shard| shards.contains(*shard)).count();
        if self.releasing.insert(shard) {
            let left = draining.map(|until| until.saturating_sub(self.clock.boot_time()));
            let time = time_for_each(here, left);
            let (journal, node, preparing) =
                (Arc::clone(&self.journal), Arc::clone(&self.node), Arc::clone(&self.preparing));
            self.spawn(shard, async move {
                preparing.prepare(shard, to.id, time).await;
                let views = node.views();
                let lives = |row: &NodeRow| row.node == to && row.state == NodeState::Active;
                if !views.borrow().living().any(lives) {
                    return Done::Kept(shard);
                }
                Done::Released(shard, to, journal.release(shard, Some(to)).await)
            });
        }
    }

    fn give_back(&mut self, shard: ShardId, owner: Owner, to: Option<NodeRef>) {
        if self.releasing.insert(shard) {
            let journal = Arc::clone(&self.journal);
            self.spawn(shard, async move {
                journal.give_back(shard, owner, to).await;
                Done::GivenBack(shard)
            });
        }
    }

    /// Notes the end of a task.
    pub fn settle(&mut self, done: Done) -> Settled {
        match done {
            Done::Opened(shard, me, result) => {
                self.loading.remove(&shard);
                self.opened(shard, me, result)
            }
            Done::Released(shard, to, owner) => {
                self.releasing.remove(&shard);
                owner.map_or(Settled::Elsewhere, |owner| Settled::Released { shard, epoch: owner.epoch, to })
            }
            Done::GivenBack(shard) | Done::Kept(shard) => {
                self.releasing.remove(&shard);
                Settled::Nothing
            }
            Done::Panicked(shard) => {
                tracing::error!(%shard, "a claim or a release of the shard panicked");
                self.releasing.remove(&shard);
                if self.loading.remove(&shard) {
                    // It would most likely panic again.
                    self.planner.load_failed(shard, self.clock.boot_time());
                }
                Settled::Nothing
            }
        }
    }

    fn opened(&mut self, shard: ShardId, me: NodeRef, result: Result<Owner, StartError>) -> Settled {
        match result {
            Ok(owner) => {
                self.claimed.insert(shard, owner.epoch);
                Settled::Opened { shard, epoch: owner.epoch, me }
            }
            Err(StartError::Damaged(of, error)) => {
                tracing::error!(%shard, %error, "the shard was not loaded; this node leaves it to the others for a while");
                self.planner.load_failed(shard, self.clock.boot_time());
                Settled::Damaged(of, error)
            }
            Err(error @ StartError::Store(_)) => {
                // No heartbeat is requested: a store that fails at once would be asked without a pause.
                tracing::warn!(%shard, %error, "the shard was not claimed; the next heartbeat tries again");
                Settled::Nothing
            }
            Err(StartError::Taken(_)) => Settled::Elsewhere,
            Err(StartError::Held(_) | StartError::Stopping) => Settled::Nothing,
        }
    }
}
