//! How a journal begins: every shard is claimed and loaded, and its writer started.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, watch};

use super::recovery::{self, ClaimedShard};
use super::session_watch::Ring;
use super::stats::Stats;
use super::{Journal, JournalConfig, Shard, ShardState, StartError, status, writer};
use crate::clock::Clock;
use crate::cluster::{Lease, Node};
use crate::ids::ShardId;
use crate::opaque_id::OpaqueIds;
use crate::store::nodes::NodeRef;
use crate::store::{Installation, Owner, Store};

/// After a start that lost a shard to another one: so long at least, and as long again at most.
const RETRY_DELAY: Duration = Duration::from_millis(200);

impl Journal {
    /// Claims every shard of a store that is this process's alone, whoever had it before, loads it, and starts its writer.
    ///
    /// # Errors
    /// [`StartError`]; shards that were claimed before the error stay claimed until the next start.
    pub async fn start(
        store: Arc<dyn Store>,
        clock: Clock,
        installation: Installation,
        config: JournalConfig,
    ) -> Result<Self, StartError> {
        let lease = Lease::exclusive(clock.clone(), installation.shards);
        let mut all = Vec::new();
        for shard in (0..installation.shards).map(ShardId) {
            all.push(recovery::take(&*store, shard, (None, None), &clock, &config).await?);
        }
        Ok(Self::serve(store, &clock, installation, config, (&lease, None), all))
    }

    /// The same among other processes on one store: waits as a standby until every shard is nobody's, released, or of a
    /// process that is dead. Who loses a shard to another one meanwhile gives back what it has, and waits again.
    ///
    /// # Errors
    /// [`StartError::Store`], [`StartError::Damaged`].
    pub async fn start_among(
        node: &Node,
        store: Arc<dyn Store>,
        clock: Clock,
        installation: Installation,
        config: JournalConfig,
    ) -> Result<Self, StartError> {
        let mut seen = 0;
        loop {
            let (me, owners, beat) = node.free(seen).await?;
            seen = beat;
            let mut all = Vec::new();
            let claimed = claim(&*store, me, &owners, (&clock, &config), &mut all).await;
            if claimed.is_ok() && node.confirm(me).await {
                return Ok(Self::serve(store, &clock, installation, config, (node.lease(), Some(me)), all));
            }
            give_back(&*store, &owners, all).await;
            match claimed {
                Ok(()) => tracing::warn!("lost the shards again while they were loaded"),
                Err(StartError::Taken(shard)) => tracing::info!(%shard, "another process was faster"),
                Err(error) => return Err(error),
            }
            // Of two that began together, one is sooner the next time.
            let jitter = config.ledger.seed.0.rotate_left(beat as u32 % 64) % RETRY_DELAY.as_millis() as u64;
            tokio::time::sleep(RETRY_DELAY + Duration::from_millis(jitter)).await;
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
            let writer = writer::Writer::new(
                shard,
                Arc::clone(&store),
                clock.clone(),
                config,
                (lease.of(shard), node),
                claimed,
                status,
            );
            tokio::spawn(writer.run(messages));
            shards.push(Shard { queue, lease: lease.of(shard), state, ring, stats });
        }
        let (instance, opaque_ids) = (installation.instance, OpaqueIds::new(installation.secret));
        Self { shards: shards.into(), store, instance, opaque_ids, clock: clock.clone() }
    }
}

/// Claims and loads one shard after the other, each over the owner that was seen; all that begin together begin with the
/// same one, so that one of them gets all.
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

/// Releases what was claimed, so that another process need not wait for it.
async fn give_back(store: &dyn Store, owners: &[(ShardId, Owner)], all: Vec<ClaimedShard>) {
    for ((shard, _), claimed) in owners.iter().zip(all) {
        if let Err(error) = store.release(*shard, claimed.owner).await {
            tracing::warn!(%shard, %error, "the shard was not released");
        }
    }
}
