//! The heartbeats of a node: one at a time, until the node is stopped.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use super::figures::count;
use super::{HEARTBEAT_INTERVAL, Node};
use crate::cluster::lease::Lease;
use crate::cluster::lock::LockFile;
use crate::cluster::members::{Observer, Silent};
use crate::cluster::view::View;
use crate::ids::ShardId;
use crate::store::StoreError;
use crate::store::nodes::{ClusterSnapshot, LockName, NewNode, NodeHeartbeat, NodeRef, NodeRow, NodeState, OwnerRow};

/// This node under one id.
struct Joined {
    me: NodeRef,
    lease: Arc<Lease>,
}

/// A heartbeat that was answered.
struct Answered {
    snapshot: ClusterSnapshot,
    /// Boot times.
    sent: Duration,
    answered: Duration,
}

impl Node {
    /// Sends a heartbeat every second until the node is stopped, and then leaves. Must run where nothing can delay it.
    /// No other code calls the [`crate::store::nodes::NodeStore`].
    pub async fn run(self: Arc<Self>, mut lock: LockFile) {
        let mut observer = Observer::default();
        let mut joined = None;
        loop {
            let began = self.clock.boot_time();
            let beat = match self.hindrance() {
                None => self.send_heartbeat(&mut joined, &mut lock, &mut observer).await,
                Some(why) => Err(StoreError(why)),
            };
            if let Err(error) = beat {
                self.missed(&mut observer, error);
            }
            let next = began + HEARTBEAT_INTERVAL;
            // A node that has been silent is declared dead as soon as it may be, because its shards have no owner.
            let next = observer.next_timeout(began).map_or(next, |timeout| timeout.min(next));
            let rest = next.saturating_sub(self.clock.boot_time());
            tokio::select! {
                biased;
                () = self.stop.cancelled() => break,
                () = self.wanted.notified() => {}
                () = tokio::time::sleep(rest) => {}
            }
        }
        self.leave(joined).await;
        self.stopped.cancel();
    }

    /// Why this node must seem dead to the others, which can then take its shards (C2). A node that is alone goes on.
    fn hindrance(&self) -> Option<String> {
        let why = self.hindrance.get()?()?;
        let view = self.view.borrow();
        view.living().any(|row| Some(row.node) != view.me).then_some(why)
    }

    async fn leave(&self, joined: Option<Joined>) {
        let Some(joined) = joined else { return };
        // Other processes may now take over what the node still owns: it may have been stopped while it started.
        joined.lease.end_all();
        if let Err(error) = self.store.leave(joined.me).await {
            tracing::debug!(%error, "the node's row was left in the store; another node removes it");
        }
    }

    async fn send_heartbeat(
        &self,
        joined: &mut Option<Joined>,
        lock: &mut LockFile,
        observer: &mut Observer,
    ) -> Result<(), StoreError> {
        let node = match joined {
            Some(joined) => joined.me,
            None => joined.insert(self.join().await?).me,
        };
        let (state, lock, files) = (self.state(), lock.hold(), self.files());
        let (sent, wall) = (self.clock.boot_time(), self.clock.wall());
        let heartbeat = NodeHeartbeat { node, state, lock: lock.clone(), wall, files };
        let snapshot = self.store.heartbeat(heartbeat).await?;
        let answered = self.clock.boot_time();
        count(&self.stats.heartbeats);
        match joined.take_if(|_| !snapshot.alive) {
            Some(dead) => self.declared_dead(&dead),
            None => self.read(node, lock.as_ref(), Answered { snapshot, sent, answered }, observer).await,
        }
        Ok(())
    }

    async fn join(&self) -> Result<Joined, StoreError> {
        let me = NodeRef { id: self.store.new_node_id(), generation: 1 };
        let description = self.description.clone();
        let new = NewNode {
            node: me,
            host: description.host,
            version: description.version,
            protocol: description.protocol,
            peer: description.peer,
        };
        self.store.join(new).await?;
        tracing::info!(node = %me.id, host = %self.description.host, "joined");
        let lease = Lease::none(self.clock.clone());
        self.set_lease(Some((me, Arc::clone(&lease))));
        Ok(Joined { me, lease })
    }

    /// Loses every shard, and joins anew at once. The leases end before anyone learns of it: others may own the shards
    /// already.
    fn declared_dead(&self, dead: &Joined) {
        dead.lease.lose_all();
        self.set_lease(None);
        tracing::error!(node = %dead.me.id, "another node declared this one dead: it sent no heartbeat for too long; \
                                              it joins anew");
        count(&self.stats.rejoined);
        self.view.send_modify(|view| *view = View { heartbeats: view.heartbeats, ..View::none() });
        self.request_heartbeat();
    }

    /// Draws the conclusions from a successful heartbeat, and publishes them.
    async fn read(&self, me: NodeRef, lock: Option<&LockName>, read: Answered, observer: &mut Observer) {
        let Answered { snapshot, sent, answered } = read;
        self.stats.succeeded(sent);
        if let Some(lease) = self.lease(me) {
            // First what was lost, so that the heartbeat extends the lease of no such shard.
            self.lose_shards_of_others(&lease, &snapshot, me, sent);
            lease.extend(sent);
        }
        let silent = observer.observe(&snapshot, sent, answered);
        let gone = self.declare(&snapshot, me, &silent, lock).await;
        self.view.send_modify(|view| {
            if view.missed > 0 && view.heartbeats > 0 {
                tracing::info!(missed = view.missed, "heartbeats succeed again");
            }
            *view = View {
                heartbeats: view.heartbeats + 1,
                me: Some(me),
                snapshot: Arc::new(snapshot),
                gone: gone.into(),
                silent_shards: silent.shards.into(),
                sent,
                answered,
                missed: 0,
                failure: None,
            };
        });
    }

    fn lose_shards_of_others(&self, lease: &Lease, snapshot: &ClusterSnapshot, me: NodeRef, sent: Duration) {
        let is_mine = |row: &&OwnerRow| row.node == Some(me) && !row.owner.token.0.is_nil();
        let mine: BTreeSet<ShardId> = snapshot.owners.iter().filter(is_mine).map(|row| row.shard).collect();
        for shard in self.shards.iter().filter(|shard| !mine.contains(shard)) {
            if lease.lose(shard, sent) {
                tracing::error!(%shard, "another process owns the shard");
            }
        }
    }

    /// Declares nodes dead that are silent, or whose process is known to have ended. Returns those that are dead now.
    async fn declare(
        &self,
        snapshot: &ClusterSnapshot,
        me: NodeRef,
        silent: &Silent,
        lock: Option<&LockName>,
    ) -> Vec<NodeRef> {
        let left = |row: &&NodeRow| row.state != NodeState::Dead && row.lock.is_some() && row.lock.as_ref() == lock;
        let left = snapshot.nodes.iter().filter(left).map(|row| (row.node, None));
        let silent = silent.nodes.iter().map(|(node, heartbeat)| (*node, Some(*heartbeat)));
        let mut gone = Vec::new();
        for (node, heartbeat) in left.chain(silent).filter(|(node, _)| *node != me) {
            match self.store.declare_dead(node, heartbeat).await {
                Ok(true) => {
                    tracing::warn!(node = %node.id, known = heartbeat.is_none(), "declared another process dead");
                    count(&self.stats.declared_dead);
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
        count(&self.stats.missed);
        self.view.send_modify(|view| {
            if view.missed == 0 {
                tracing::warn!(%error, "a heartbeat was missed");
            }
            view.missed += 1;
            view.failure = Some(error);
        });
    }
}
