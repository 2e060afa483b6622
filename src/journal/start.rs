//! Start of a journal, and how it gets shards: a shard is claimed and loaded, and then its writer starts.

use std::sync::Arc;

use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

use super::ahead::LoadingAhead;
use super::followers::Followers;
use super::recovery::{self, ClaimedShard};
use super::session_watch::Ring;
use super::slot::{Held, Slot};
use super::status::WriterStatus;
use super::writer::Writer;
use super::{Journal, JournalConfig, ShardState, StartError};
use crate::clock::Clock;
use crate::cluster::{Lease, ShardLease};
use crate::ids::ShardId;
use crate::opaque_id::OpaqueIds;
use crate::store::nodes::NodeRef;
use crate::store::{Installation, Owner, Position, Store};

impl Journal {
    /// A journal on a store that several processes share. It holds no shard yet: see [`Self::open`].
    #[must_use]
    pub fn empty(store: Arc<dyn Store>, clock: Clock, installation: Installation, config: JournalConfig) -> Self {
        Self::new(store, clock, installation, config, false)
    }

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
        let journal = Self::new(store, clock, installation, config, true);
        let lease = Lease::exclusive(journal.clock.clone());
        let mut all = Vec::new();
        for slot in &journal.slots {
            let claimed = recovery::claim(&*journal.store, slot.shard, None, None).await?;
            all.push(journal.load(slot.shard, claimed, None).await?);
        }
        for (slot, claimed) in journal.slots.iter().zip(all) {
            let mut writer = slot.writer.lock().await;
            let handle = lease.shard(slot.shard);
            handle.claimed();
            *writer = Some(journal.serve(slot, (handle, None), claimed));
        }
        Ok(journal)
    }

    /// Claims a shard over the owner that was seen, loads it, and serves it. `lease` must be fresh. `ahead`: a load of
    /// the shard that has followed this owner, which saves the time for another one. If the load fails,
    /// or `lease` was lost meanwhile, the shard is released again, so that others can have it. If the future is
    /// dropped, the shard may stay claimed; a process that reads its own name on a shard that it does not hold claims
    /// it again.
    ///
    /// # Errors
    /// [`StartError`]
    pub async fn open(
        &self,
        shard: ShardId,
        over: Owner,
        me: NodeRef,
        lease: ShardLease,
        ahead: Option<LoadingAhead>,
    ) -> Result<Owner, StartError> {
        let slot = self.slot(shard).ok_or(StartError::Taken(shard))?;
        let mut writer = slot.writer.lock().await;
        if slot.is_held() {
            return Err(StartError::Held(shard));
        }
        if let Some(former) = writer.as_mut() {
            // It lost the shard, and may still wait for the outcome of its last batch.
            let _ = former.await;
            *writer = None;
        }
        if self.stopping.is_cancelled() {
            return Err(StartError::Stopping);
        }
        let (owner, position) = recovery::claim(&*self.store, shard, Some(over), Some(me)).await?;
        lease.claimed();
        let loaded = tokio::select! {
            biased;
            () = self.stopping.cancelled() => Err(StartError::Stopping),
            loaded = self.load(shard, (owner, position), ahead) => loaded,
        };
        match loaded {
            Ok(_) if lease.is_lost() => {
                self.give_back(shard, owner, None).await;
                Err(StartError::Taken(shard))
            }
            Ok(claimed) => {
                *writer = Some(self.serve(slot, (lease, Some(me)), claimed));
                Ok(owner)
            }
            Err(error) => {
                if let StartError::Damaged(..) = error {
                    slot.set_state(ShardState::Damaged);
                }
                self.give_back(shard, owner, None).await;
                Err(error)
            }
        }
    }

    fn new(
        store: Arc<dyn Store>,
        clock: Clock,
        installation: Installation,
        config: JournalConfig,
        alone: bool,
    ) -> Self {
        let losses = watch::Sender::new(0);
        let slot = |shard| Arc::new(Slot::new(ShardId(shard), alone, losses.clone()));
        Self {
            slots: (0..installation.shards).map(slot).collect(),
            losses,
            stopping: CancellationToken::new(),
            store,
            instance: installation.instance,
            opaque_ids: OpaqueIds::new(installation.secret),
            clock,
            config,
        }
    }

    async fn load(
        &self,
        shard: ShardId,
        claimed: (Owner, Position),
        ahead: Option<LoadingAhead>,
    ) -> Result<ClaimedShard, StartError> {
        recovery::load_claimed(&*self.store, shard, claimed, (&self.clock, &self.config), ahead).await
    }

    /// Starts the writer of a shard. No other writer of the slot runs.
    fn serve(
        &self,
        slot: &Arc<Slot>,
        (lease, node): (ShardLease, Option<NodeRef>),
        claimed: ClaimedShard,
    ) -> tokio::task::JoinHandle<()> {
        let (queue, messages) = mpsc::channel(self.config.queue);
        let (busy, is_busy) = watch::channel(false);
        let ring = Arc::new(Ring::new(claimed.position.last_event));
        let followers = Arc::new(Followers::new(claimed.position.seq));
        let status =
            WriterStatus { slot: Arc::clone(slot), ring: Arc::clone(&ring), followers: Arc::clone(&followers), busy };
        let (store, clock) = (Arc::clone(&self.store), self.clock.clone());
        let writer = Writer::new(slot.shard, store, clock, self.config, (lease.clone(), node), claimed, status);
        slot.open(Held { queue, lease, ring, followers, busy: is_busy });
        tokio::spawn(writer.run(messages))
    }

    /// Releases a shard that was claimed and not opened, so that another process need not wait for it.
    pub async fn give_back(&self, shard: ShardId, owner: Owner, to: Option<NodeRef>) {
        if let Err(error) = self.store.release(shard, owner, to).await {
            tracing::warn!(%shard, %error, "the shard was not released");
        }
    }
}
