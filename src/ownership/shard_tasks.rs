//! Claims and releases of shards that are in progress. Each runs in a task of its own, because a load takes as long as
//! the shard is large.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;

use super::ahead::Ahead;
use super::preparing::{Preparing, time_for_each};
use crate::clock::Clock;
use crate::cluster::{Action, Holdings, Node, Planner, View};
use crate::ids::{Epoch, ShardId};
use crate::journal::{Journal, StartError};
use crate::store::Owner;
use crate::store::nodes::{NodeRef, NodeRow, NodeState};

/// End of a task.
pub(super) enum Done {
    Opened(ShardId, NodeRef, Result<Owner, StartError>),
    /// `None`: the shard was not held any more.
    Released(ShardId, NodeRef, Option<Owner>),
    /// It was not released: its successor is gone.
    Kept(ShardId),
    GivenBack(ShardId),
    /// A panic, which is a bug.
    Panicked,
}

/// What followed from it.
pub(super) enum Settled {
    Opened {
        shard: ShardId,
        epoch: Epoch,
        me: NodeRef,
    },
    Damaged(StartError),
    Released {
        shard: ShardId,
        epoch: Epoch,
        to: NodeRef,
    },
    /// Nothing that others need to know; the next heartbeat shows what became of the shard.
    Other,
}

pub(super) struct ShardTasks {
    journal: Arc<Journal>,
    node: Arc<Node>,
    clock: Clock,
    ahead: Arc<Ahead>,
    preparing: Arc<Preparing>,
    planner: Planner,
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
            planner: Planner::new(journal.shards()),
            journal,
            node,
            clock,
            ahead,
            preparing,
            loading: BTreeSet::new(),
            releasing: BTreeSet::new(),
            running: JoinSet::new(),
        }
    }

    /// Waits for the end of a task; forever, if there is none. Safe to cancel.
    pub async fn next(&mut self) -> Done {
        match self.running.join_next().await {
            Some(Ok(done)) => done,
            Some(Err(_)) => Done::Panicked,
            None => std::future::pending().await,
        }
    }

    /// Returns whether the shard is being claimed or loaded.
    pub fn is_loading(&self, shard: ShardId) -> bool {
        self.loading.contains(&shard)
    }

    /// Number of shards that are being released.
    pub fn releasing(&self) -> usize {
        self.releasing.len()
    }

    /// Starts what the plan says now. `draining`: the boot time by which every shard must have left. `keeps`: the node
    /// releases no shard, whatever the plan says.
    pub fn plan(&mut self, view: &View, draining: Option<Duration>, keeps: bool) {
        let Some(me) = view.me else { return };
        let serving = self.journal.held().into_iter().filter(|shard| !self.releasing.contains(shard)).collect();
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
        self.running.spawn(async move { Done::Opened(shard, me, journal.open(shard, over, me, lease, ahead).await) });
    }

    /// Releases a shard after it was prepared, unless its successor is gone by then.
    fn release(&mut self, shard: ShardId, to: NodeRef, draining: Option<Duration>) {
        let here = self.journal.held().len();
        if self.releasing.insert(shard) {
            let left = draining.map(|until| until.saturating_sub(self.clock.boot_time()));
            let time = time_for_each(here, left);
            let (journal, node, preparing) =
                (Arc::clone(&self.journal), Arc::clone(&self.node), Arc::clone(&self.preparing));
            self.running.spawn(async move {
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
            self.running.spawn(async move {
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
                owner.map_or(Settled::Other, |owner| Settled::Released { shard, epoch: owner.epoch, to })
            }
            Done::GivenBack(shard) | Done::Kept(shard) => {
                self.releasing.remove(&shard);
                Settled::Other
            }
            Done::Panicked => {
                tracing::error!("a claim or a release of a shard panicked");
                // It is not known which shard it was. The others end by themselves.
                if self.running.is_empty() {
                    self.loading.clear();
                    self.releasing.clear();
                }
                Settled::Other
            }
        }
    }

    fn opened(&mut self, shard: ShardId, me: NodeRef, result: Result<Owner, StartError>) -> Settled {
        match result {
            Ok(owner) => Settled::Opened { shard, epoch: owner.epoch, me },
            Err(error @ StartError::Damaged(..)) => {
                tracing::error!(%shard, %error, "the shard was not loaded; this node leaves it to the others for a while");
                self.planner.load_failed(shard, self.clock.boot_time());
                Settled::Damaged(error)
            }
            Err(error @ StartError::Store(_)) => {
                tracing::warn!(%shard, %error, "the shard was not claimed; a later heartbeat tries again");
                Settled::Other
            }
            Err(StartError::Taken(_) | StartError::Held(_) | StartError::Stopping) => Settled::Other,
        }
    }
}
