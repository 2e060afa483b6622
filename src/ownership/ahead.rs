//! The shards that this node loads ahead, because their owners are about to release them to it (C7).

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::outbox::{Followed, Outbox};
use crate::clock::Clock;
use crate::ids::{NodeId, ShardId};
use crate::journal::ahead::Progress;
use crate::journal::{Journal, LoadingAhead};

/// Shards that are loaded ahead at the same time. Each takes the memory of a shard, and a connection to the database
/// until it is loaded.
const MAX_SHARDS: usize = 4;
/// Time for which an owner may not release the shard. What was loaded is dropped then: the owner has changed its mind,
/// or has died. It waits 10 s for this node, and 6 s for its own calls.
const MAX_AGE: Duration = Duration::from_secs(20);

/// The loads ahead of a node.
pub(super) struct Ahead {
    journal: Arc<Journal>,
    clock: Clock,
    outbox: Arc<dyn Outbox>,
    shards: Mutex<BTreeMap<ShardId, Begun>>,
}

struct Begun {
    load: LoadingAhead,
    /// Boot time.
    at: Duration,
}

impl Ahead {
    pub fn new(journal: Arc<Journal>, clock: Clock, outbox: Arc<dyn Outbox>) -> Arc<Self> {
        Arc::new(Self { journal, clock, outbox, shards: Mutex::default() })
    }

    /// Loads a shard of another node ahead. Returns true as soon as this node follows it. The load goes on if the future
    /// is dropped: its owner releases the shard in any case.
    pub async fn prepare(&self, owner: NodeId, shard: ShardId) -> bool {
        let Some(link) = self.outbox.link().filter(|_| self.has_room_for(shard)) else { return false };
        let Some(Followed { since, batches }) = link.follow(owner, shard).await else { return false };
        let mut progress = {
            let mut shards = self.shards();
            // Others may have come while the owner was asked.
            if shards.len() >= MAX_SHARDS && !shards.contains_key(&shard) {
                return false;
            }
            let load = self.journal.load_ahead(shard, since, batches);
            let progress = load.progress();
            shards.insert(shard, Begun { load, at: self.clock.boot_time() });
            progress
        };
        let begun = progress.wait_for(|progress| *progress != Progress::Loading).await;
        begun.is_ok_and(|progress| matches!(*progress, Progress::Following(_)))
    }

    fn has_room_for(&self, shard: ShardId) -> bool {
        self.drop_old();
        let shards = self.shards();
        !self.journal.holds(shard) && (shards.len() < MAX_SHARDS || shards.contains_key(&shard))
    }

    /// The load of a shard that this node is about to claim.
    pub fn take(&self, shard: ShardId) -> Option<LoadingAhead> {
        self.shards().remove(&shard).map(|begun| begun.load)
    }

    /// Drops the loads that are of no use any more.
    pub fn drop_old(&self) {
        let now = self.clock.boot_time();
        let of_use = |begun: &Begun| {
            now.saturating_sub(begun.at) < MAX_AGE && *begun.load.progress().borrow() != Progress::Failed
        };
        self.shards().retain(|_, begun| of_use(begun));
    }

    /// Drops all loads: this node takes no more shards.
    pub fn clear(&self) {
        self.shards().clear();
    }

    /// A panic leaves no load half in it.
    fn shards(&self) -> MutexGuard<'_, BTreeMap<ShardId, Begun>> {
        self.shards.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
