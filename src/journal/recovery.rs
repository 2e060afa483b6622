//! Taking a shard over, and finding out what became of a batch. Start-up, recovery and take-over are one path:
//! claim, look where the shard stands, load.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, watch};

use super::timeline::Timeline;
use super::{GRACE, JournalConfig, StartError, fresh_token};
use crate::clock::Clock;
use crate::ids::{Epoch, Seq, ShardId};
use crate::ledger::Ledger;
use crate::ledger::time::Moment;
use crate::store::nodes::NodeRef;
use crate::store::{Batch, ClaimError, Claimant, CommitError, Owner, Position, ReadError, Store, StoreError};

/// A claimed and loaded shard.
pub(super) struct ClaimedShard {
    pub owner: Owner,
    pub position: Position,
    pub ledger: Ledger,
    pub timeline: Timeline,
}

/// Claims the shard over its owner, and loads it. `over`: `None`, whoever has it, where the store is this process's alone.
pub(super) async fn take(
    store: &dyn Store,
    shard: ShardId,
    (over, node): (Option<Owner>, Option<NodeRef>),
    clock: &Clock,
    config: &JournalConfig,
) -> Result<ClaimedShard, StartError> {
    let by = Claimant { token: fresh_token(), node };
    let (owner, position) = store.claim(shard, over, by).await.map_err(|error| match error {
        ClaimError::Taken(_) => StartError::Taken(shard),
        ClaimError::Unavailable(error) | ClaimError::NotWritable(error) => StartError::Store(error),
        ClaimError::Damaged(error) => StartError::Damaged(shard, error),
    })?;
    if let Some(what) = position.implausible() {
        return Err(StartError::Damaged(shard, StoreError(format!("shards (shard_id {shard}): {what}"))));
    }
    let timeline = Timeline::resume(clock, &position);
    let ledger = load(store, shard, &position, timeline.now(clock), config).await.map_err(|error| match error {
        ReadError::Unavailable(error) => StartError::Store(error),
        ReadError::Damaged(error) => StartError::Damaged(shard, error),
    })?;
    let kept = ledger.kept_ids().len();
    if kept > 0 {
        let why = "users keep ids of an earlier release, for others have the ids that these would be: `usher store check` \
                   lists them";
        tracing::warn!(%shard, users = kept, "{why}");
    }
    tracing::info!(%shard, epoch = owner.epoch.0, seq = position.seq.0, "shard claimed and loaded");
    Ok(ClaimedShard { owner, position, ledger, timeline })
}

/// Loads what stands in the store at `position`. The caller owns the shard.
pub(super) async fn load(
    store: &dyn Store,
    shard: ShardId,
    position: &Position,
    now: Moment,
    config: &JournalConfig,
) -> Result<Ledger, ReadError> {
    let grace = if planted!(NoGrace) { Duration::ZERO } else { GRACE };
    let mut restore =
        Ledger::restore(config.ledger, position.last_tenant, position.last_event, position.wall_high, now, grace);
    let (sender, mut rows) = mpsc::channel(4);
    let receive = async {
        while let Some(chunk) = rows.recv().await {
            die_here!(Loading);
            for row in chunk {
                // No more rows are taken then, and the load ends.
                restore.try_put(row).inspect_err(|_| rows.close())?;
            }
        }
        Ok(())
    };
    let damaged = |what: String| ReadError::Damaged(StoreError(what));
    let (loaded, taken) = tokio::join!(store.load(shard, sender), receive);
    taken.map_err(damaged)?;
    loaded?;
    restore.try_finish().map_err(damaged)
}

/// What became of a batch in the end.
pub(super) enum CommitOutcome {
    Committed(Owner),
    /// Another owner has the shard. `committed`: all of the batch is in the store, and the other one loaded it; else
    /// nothing of it, or nobody can tell any more.
    Lost {
        committed: bool,
    },
    /// What the store holds makes no sense. Nobody here may answer.
    Damaged(StoreError),
    /// The store refused the data. Nothing was written. The owner may be a newer one than at first: the shard was claimed
    /// again in between.
    Refused(Owner, StoreError),
    /// The process is to end, and the store still takes nothing.
    NotWritten,
}

/// What is wrong with the store, while a batch waits for it.
#[derive(Debug, Clone, Copy)]
pub(super) enum StoreTrouble<'a> {
    /// It does not answer.
    Away(&'a StoreError),
    /// It takes no changes, and says so: a lasting refusal.
    Refuses(&'a StoreError),
}

/// The longest pause between two attempts at a store that refuses: short enough to serve again soon (I7).
const MAX_REFUSED_PAUSE: Duration = Duration::from_secs(4);

/// Commits a batch, and does not come back before its outcome is known: a connection that is lost around a
/// COMMIT leaves it open, and guessing would lose a seat or give one twice. Never cancelled.
///
/// `trouble` is called with each failure. A batch that the store refuses for reasons of its own is sent again as it is,
/// after a pause, until it is taken or the process is `ending`.
pub(super) async fn commit_until_known(
    store: Arc<dyn Store>,
    shard: ShardId,
    (mut owner, node): (Owner, Option<NodeRef>),
    batch: Arc<Batch>,
    trouble: impl Fn(StoreTrouble),
    mut ending: watch::Receiver<bool>,
) -> CommitOutcome {
    let mut pause = Duration::from_millis(20);
    let mut refused_pause = Duration::from_millis(250);
    loop {
        match store.commit(shard, owner, Arc::clone(&batch)).await {
            Ok(()) => {
                die_here!(AfterCommit);
                return CommitOutcome::Committed(owner);
            }
            Err(CommitError::Fenced) => return CommitOutcome::Lost { committed: false },
            Err(CommitError::Damaged(error)) => return CommitOutcome::Damaged(error),
            Err(CommitError::Refused(error)) => return CommitOutcome::Refused(owner, error),
            Err(CommitError::Unknown(_)) if planted!(UnknownMeansCommitted) => return CommitOutcome::Committed(owner),
            Err(CommitError::Unknown(error)) => trouble(StoreTrouble::Away(&error)),
            Err(CommitError::NotWritable(error)) => {
                trouble(StoreTrouble::Refuses(&error));
                if !rest(jittered(refused_pause, shard, owner.epoch), &mut ending).await {
                    return CommitOutcome::NotWritten;
                }
                refused_pause = (refused_pause * 2).min(MAX_REFUSED_PAUSE);
                continue;
            }
        }
        // With the next epoch the old transaction can never commit any more: now `seq` tells.
        let (claimed, seq) = match reclaim(&*store, shard, (owner, node), &trouble, &mut ending).await {
            Ok(claimed) => claimed,
            Err(ClaimError::Damaged(error)) => return CommitOutcome::Damaged(error),
            Err(ClaimError::Taken(last)) => return CommitOutcome::Lost { committed: last == Some(batch.position.seq) },
            Err(ClaimError::NotWritable(_)) => return CommitOutcome::NotWritten,
            Err(ClaimError::Unavailable(_)) => return CommitOutcome::Lost { committed: false },
        };
        owner = claimed;
        if seq == batch.position.seq || planted!(SeqNotLookedAt) {
            return CommitOutcome::Committed(owner);
        }
        if seq.0 != batch.position.seq.0 - 1 {
            return CommitOutcome::Lost { committed: false };
        }
        // A store that takes claims and no batch, as one with a full disk does, is not asked again without a break.
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(Duration::from_secs(1));
    }
}

/// Claims the shard over ourselves, until the store answers. An error is final: it is damaged, has another owner, or the process is
/// `ending` and the store takes no claim.
async fn reclaim(
    store: &dyn Store,
    shard: ShardId,
    (owner, node): (Owner, Option<NodeRef>),
    trouble: &impl Fn(StoreTrouble),
    ending: &mut watch::Receiver<bool>,
) -> Result<(Owner, Seq), ClaimError> {
    // One token for all attempts: an attempt whose answer was lost is recognized by it.
    let by = Claimant { token: fresh_token(), node };
    let mut pause = Duration::from_millis(20);
    loop {
        match store.claim(shard, Some(owner), by).await {
            Ok((owner, position)) => return Ok((owner, position.seq)),
            Err(ClaimError::Unavailable(error)) => trouble(StoreTrouble::Away(&error)),
            Err(ClaimError::NotWritable(error)) => {
                trouble(StoreTrouble::Refuses(&error));
                if !rest(jittered(pause, shard, owner.epoch), ending).await {
                    return Err(ClaimError::NotWritable(error));
                }
                pause = (pause * 2).min(MAX_REFUSED_PAUSE);
                continue;
            }
            Err(error) => return Err(error),
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(Duration::from_secs(1));
    }
}

/// Waits before the next attempt. False: the process is ending, and this was the last one. One that begins to end makes
/// one more attempt at once.
async fn rest(pause: Duration, ending: &mut watch::Receiver<bool>) -> bool {
    if *ending.borrow() {
        return false;
    }
    // A writer that is gone cannot end any more.
    let _ = tokio::time::timeout(pause, ending.wait_for(|ending| *ending)).await;
    true
}

/// Three quarters of the pause to five quarters: shards, and owners of one shard, do not ask in step. No randomness, so that
/// a simulation can be run again.
fn jittered(pause: Duration, shard: ShardId, epoch: Epoch) -> Duration {
    let chance = (u64::from(shard.0) * 97).wrapping_add(epoch.0.unsigned_abs().wrapping_mul(53)) % 256;
    pause * 3 / 4 + pause * chance as u32 / 512
}
