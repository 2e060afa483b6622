//! Start of a journal: claims and loads every shard, and starts its writer.

use std::sync::Arc;

use tokio::sync::{mpsc, watch};

use super::recovery::{self, ClaimedShard};
use super::session_watch::Ring;
use super::stats::Stats;
use super::{Journal, JournalConfig, Shard, ShardState, StartError, status, writer};
use crate::clock::Clock;
use crate::cluster::{Lease, Node, View};
use crate::ids::ShardId;
use crate::opaque_id::OpaqueIds;
use crate::store::nodes::{NodeRef, NodeState, OwnerRow};
use crate::store::{Installation, Owner, Store};

impl Journal {
    /// Starts on a store that belongs to this process alone: claims every shard, whatever its owner, loads it, and
    /// starts its writer.
    ///
    /// # Errors
    /// [`StartError`]; shards that were claimed before the error stay claimed until the next start.
    pub async fn start(
        store: Arc<dyn Store>,
        clock: Clock,
        installation: Installation,
        config: JournalConfig,
    ) -> Result<Self, StartError> {
        let lease = Lease::exclusive(clock.clone());
        let mut all = Vec::new();
        for shard in (0..installation.shards).map(ShardId) {
            all.push(recovery::take(&*store, shard, (None, None), &clock, &config).await?);
        }
        Ok(Self::serve(store, &clock, installation, config, (&lease, None), all))
    }

    /// Starts on a store that several processes share. Waits as a standby until every shard has no owner, was released,
    /// or belongs to a dead process. If another process claims a shard meanwhile, releases the shards claimed so far
    /// and waits again.
    ///
    /// # Errors
    /// [`StartError::Store`], [`StartError::Damaged`]
    pub async fn start_among(
        node: &Node,
        store: Arc<dyn Store>,
        clock: Clock,
        installation: Installation,
        config: JournalConfig,
    ) -> Result<Self, StartError> {
        node.first_view().await?;
        let mut views = node.views();
        loop {
            let view = views.borrow_and_update().clone();
            let me = view.me.and_then(|me| Some((me, node.lease(me)?)));
            if let (Some((me, lease)), Some(owners)) = (me, free(&view, installation.shards)) {
                let mut all = Vec::new();
                match claim(&*store, me, &owners, (&clock, &config), &mut all).await {
                    Ok(()) => {
                        node.set_state(NodeState::Active);
                        return Ok(Self::serve(store, &clock, installation, config, (&lease, Some(me)), all));
                    }
                    Err(StartError::Taken(shard)) => {
                        tracing::info!(%shard, "another process claimed the shards first");
                    }
                    Err(error) => {
                        give_back(&*store, &owners, all).await;
                        return Err(error);
                    }
                }
                give_back(&*store, &owners, all).await;
            }
            let _ = views.changed().await;
        }
    }

    fn serve(
        store: Arc<dyn Store>,
        clock: &Clock,
        installation: Installation,
        config: JournalConfig,
        (lease, node): (&Arc<Lease>, Option<NodeRef>),
        all: Vec<ClaimedShard>,
    ) -> Self {
        let mut shards = Vec::with_capacity(all.len());
        for (shard, claimed) in (0..).map(ShardId).zip(all) {
            let (queue, messages) = mpsc::channel(config.queue);
            let (states, state) = watch::channel(ShardState::Serving);
            let ring = Arc::new(Ring::new(claimed.position.last_event));
            let stats = Arc::new(Stats::default());
            let status = status::WriterStatus { states, ring: Arc::clone(&ring), stats: Arc::clone(&stats) };
            let held = lease.shard(shard);
            held.claimed();
            let writer = writer::Writer::new(
                shard,
                Arc::clone(&store),
                clock.clone(),
                config,
                (held.clone(), node),
                claimed,
                status,
            );
            tokio::spawn(writer.run(messages));
            shards.push(Shard { queue, lease: held, state, ring, stats });
        }
        let (instance, opaque_ids) = (installation.instance, OpaqueIds::new(installation.secret));
        Self { shards: shards.into(), store, instance, opaque_ids, clock: clock.clone() }
    }
}

/// The owner over which each shard may be claimed; `None`: a living process owns one, or nothing was read yet.
fn free(view: &View, shards: u16) -> Option<Vec<(ShardId, Owner)>> {
    let rows = &view.snapshot.owners;
    let is_free = |row: &OwnerRow| {
        let owner = row.node.filter(|node| view.me != Some(*node));
        let is_silent = row.node.is_some() || view.silent_shards.contains(&row.shard);
        row.owner.token.0.is_nil() || is_silent && owner.is_none_or(|node| !view.lives(node))
    };
    let all = rows.len() == usize::from(shards) && view.missed == 0 && rows.iter().all(is_free);
    all.then(|| rows.iter().map(|row| (row.shard, row.owner)).collect())
}

/// Claims and loads the shards one after the other, each over the owner that was seen. All processes begin with the
/// same shard, so that one of them gets all shards.
async fn claim(
    store: &dyn Store,
    me: NodeRef,
    owners: &[(ShardId, Owner)],
    (clock, config): (&Clock, &JournalConfig),
    all: &mut Vec<ClaimedShard>,
) -> Result<(), StartError> {
    for (shard, over) in owners {
        all.push(recovery::take(store, *shard, (Some(*over), Some(me)), clock, config).await?);
    }
    Ok(())
}

/// Releases the shards that were claimed, so that another process need not wait for them.
async fn give_back(store: &dyn Store, owners: &[(ShardId, Owner)], all: Vec<ClaimedShard>) {
    for ((shard, _), claimed) in owners.iter().zip(all) {
        if let Err(error) = store.release(*shard, claimed.owner, None).await {
            tracing::warn!(%shard, %error, "the shard was not released");
        }
    }
}
