//! Claims and releases of shards that are in progress. Each runs in a task of its own, because a load takes as long as
//! the shard is large.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;

use crate::cluster::{Action, Holdings, Node, Planner, View};
use crate::ids::{Epoch, ShardId};
use crate::journal::{Journal, StartError};
use crate::store::Owner;
use crate::store::nodes::NodeRef;

/// End of a task.
pub(super) enum Done {
    Opened { shard: ShardId, me: NodeRef, result: Result<Owner, StartError> },
    /// `None`: the shard was not held any more.
    Released { shard: ShardId, to: NodeRef, owner: Option<Owner> },
    /// A panic, which is a bug: which shard it was is known from what is missing.
    Panicked,
}

/// What followed from it.
pub(super) enum Settled {
    Opened { shard: ShardId, epoch: Epoch, me: NodeRef },
    NotOpened { shard: ShardId, error: StartError },
    Released { shard: ShardId, epoch: Epoch, to: NodeRef },
    Nothing,
}

pub(super) struct ShardTasks {
    journal: Arc<Journal>,
    node: Arc<Node>,
    planner: Planner,
    loading: BTreeSet<ShardId>,
    releasing: BTreeSet<ShardId>,
    /// When the last task of a shard ended, in boot time: a view that was read before says nothing about the shard.
    changed: BTreeMap<ShardId, Duration>,
    running: JoinSet<Done>,
}

impl ShardTasks {
    pub fn new(journal: Arc<Journal>, node: Arc<Node>) -> Self {
        Self {
            planner: Planner::new(journal.shards()),
            journal,
            node,
            loading: BTreeSet::new(),
            releasing: BTreeSet::new(),
            changed: BTreeMap::new(),
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

    /// Starts what the plan says now.
    pub fn plan(&mut self, view: &View, draining: bool, solo: bool) {
        let Some(me) = view.me else { return };
        let holdings = Holdings {
            serving: self.journal.held().into_iter().filter(|shard| !self.releasing.contains(shard)).collect(),
            loading: self.loading.clone(),
            releasing: self.releasing.clone(),
            draining,
        };
        for action in self.planner.plan(view, &holdings, view.answered) {
            match action {
                Action::Claim { shard, over } if self.is_news(shard, view) => self.claim(shard, over, me),
                Action::Release { shard, to } if !solo => self.release(shard, to),
                Action::Claim { .. } | Action::Release { .. } => {}
            }
        }
    }

    /// Returns whether the view was read after the last change of the shard that this node made.
    fn is_news(&self, shard: ShardId, view: &View) -> bool {
        self.changed.get(&shard).is_none_or(|changed| view.sent > *changed)
    }

    pub fn claim(&mut self, shard: ShardId, over: Owner, me: NodeRef) {
        if self.journal.holds(shard) || self.releasing.contains(&shard) || !self.loading.insert(shard) {
            return;
        }
        let (journal, lease) = (Arc::clone(&self.journal), self.node.lease().shard(shard));
        self.running.spawn(async move {
            let result = journal.open(shard, over, me, lease).await;
            Done::Opened { shard, me, result }
        });
    }

    fn release(&mut self, shard: ShardId, to: NodeRef) {
        if !self.releasing.insert(shard) {
            return;
        }
        let journal = Arc::clone(&self.journal);
        self.running.spawn(async move {
            let owner = journal.release(shard, Some(to)).await;
            Done::Released { shard, to, owner }
        });
    }

    /// Notes the end of a task.
    pub fn settle(&mut self, done: Done) -> Settled {
        let now = self.node.lease().now();
        match done {
            Done::Opened { shard, me, result } => {
                self.loading.remove(&shard);
                self.changed.insert(shard, now);
                match result {
                    Ok(owner) => Settled::Opened { shard, epoch: owner.epoch, me },
                    Err(StartError::Taken(_)) => {
                        tracing::debug!(%shard, "another node was first");
                        Settled::Nothing
                    }
                    Err(error) => {
                        tracing::error!(%shard, %error, "the shard was not loaded; this node leaves it alone for a while");
                        self.planner.load_failed(shard, now);
                        Settled::NotOpened { shard, error }
                    }
                }
            }
            Done::Released { shard, to, owner } => {
                self.releasing.remove(&shard);
                self.changed.insert(shard, now);
                match owner {
                    Some(owner) => Settled::Released { shard, epoch: owner.epoch, to },
                    None => Settled::Nothing,
                }
            }
            Done::Panicked => {
                tracing::error!("a claim or a release of a shard panicked");
                // Tasks that are still running keep their shards; the one that is gone must not block its shard.
                if self.running.is_empty() {
                    self.loading.clear();
                    self.releasing.clear();
                }
                Settled::Nothing
            }
        }
    }
}
