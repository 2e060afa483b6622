//! Claims shards and finds out the outcome of a batch. Start, recovery and take-over follow one procedure: claim the
//! shard, read its position, load its rows.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, watch};

use super::ahead::LoadingAhead;
use super::timeline::Timeline;
use super::{JournalConfig, LOAD_GRACE_PERIOD, StartError, fresh_token};
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

/// Claims the shard. `over` is the owner that the claim replaces; `None` replaces any owner, and is only for a store
/// that belongs to this process alone.
pub(super) async fn claim(
    store: &dyn Store,
    shard: ShardId,
    over: Option<Owner>,
    node: Option<NodeRef>,
) -> Result<(Owner, Position), StartError> {
    let by = Claimant { token: fresh_token(), node };
    store.claim(shard, over, by).await.map_err(|error| match error {
        ClaimError::Taken(_) => StartError::Taken(shard),
        ClaimError::Unavailable(error) | ClaimError::NotWritable(error) => StartError::Store(error),
        ClaimError::Damaged(error) => StartError::Damaged(shard, error),
    })
}

/// Loads a shard that was claimed. `ahead` has the rows already, if all went well.
pub(super) async fn load_claimed(
    store: &dyn Store,
    shard: ShardId,
    (owner, position): (Owner, Position),
    (clock, config): (&Clock, &JournalConfig),
    ahead: Option<LoadingAhead>,
) -> Result<ClaimedShard, StartError> {
    if let Some(what) = position.implausible() {
        return Err(StartError::Damaged(shard, StoreError(format!("shards (shard_id {shard}): {what}"))));
    }
    let ahead = match ahead {
        Some(ahead) => ahead.reach(owner, &position).await,
        None => None,
    };
    let timeline = Timeline::resume(clock, &position, ahead.as_ref().map(|ahead| ahead.seen));
    let now = timeline.now(clock);
    let finished = ahead.and_then(|ahead| {
        let inconsistent = |what: &String| tracing::error!(%shard, what, "the rows loaded ahead are not consistent");
        ahead.finish(&position, now).inspect_err(inconsistent).ok()
    });
    let ahead = finished.is_some();
    let ledger = match finished {
        Some(ledger) => ledger,
        None => load(store, shard, &position, now, config).await.map_err(|error| match error {
            ReadError::Unavailable(error) => StartError::Store(error),
            ReadError::Damaged(error) => StartError::Damaged(shard, error),
        })?,
    };
    let kept = ledger.kept_ids().len();
    if kept > 0 {
        let why = "users keep their ids of an earlier release, because other users have the new ids already: `usher store check` \
                   lists them";
        tracing::warn!(%shard, users = kept, "{why}");
    }
    tracing::info!(%shard, epoch = owner.epoch.0, seq = position.seq.0, ahead, "shard claimed and loaded");
    Ok(ClaimedShard { owner, position, ledger, timeline })
}

/// Loads the shard's rows as of `position`. The caller must own the shard.
pub(super) async fn load(
    store: &dyn Store,
    shard: ShardId,
    position: &Position,
    now: Moment,
    config: &JournalConfig,
) -> Result<Ledger, ReadError> {
    let mut restore = Ledger::restore(
        config.ledger,
        position.last_tenant,
        position.last_event,
        position.wall_high,
        now,
        LOAD_GRACE_PERIOD,
    );
    restore.set_served_until(position.tick);
    let (sender, mut rows) = mpsc::channel(4);
    let receive = async {
        while let Some(chunk) = rows.recv().await {
            fail_point!("loading");
            for row in chunk {
                // Closing the channel ends the load: no more rows are accepted.
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

/// Final outcome of a batch.
pub(super) enum CommitOutcome {
    Committed(Owner),
    /// Another owner has the shard.
    Lost(LastBatch),
    /// The store is inconsistent. This process must not answer any more.
    Damaged(StoreError),
    /// The store refused the data; nothing was written. The owner may be newer than the one the commit began with,
    /// because the shard was claimed again in between.
    Refused(Owner, StoreError),
    /// The writer is ending, and the store still accepts no changes. It is never [`LastBatch::Committed`].
    NotWritten(LastBatch),
}

/// What became of the last batch that a writer sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LastBatch {
    /// The whole batch is in the store, and the next owner has loaded it.
    Committed,
    /// Nothing of the batch is in the store, nor ever will be.
    NotCommitted,
    /// One or the other; nobody can tell any more.
    Unknown,
}

/// Reason why a batch has to wait for the store.
#[derive(Debug, Clone, Copy)]
pub(super) enum StoreFailure<'a> {
    /// The store does not answer.
    Away(&'a StoreError),
    /// The store answers that it accepts no changes. This lasts until an operator repairs it.
    Refuses(&'a StoreError),
}

/// Longest pause between two attempts while the store refuses changes: short enough to serve again soon (I7).
const MAX_REFUSED_PAUSE: Duration = Duration::from_secs(4);

/// Commits a batch, and returns only when the outcome is known. A connection that is lost around a COMMIT leaves the
/// outcome unknown, and a wrong guess would lose a seat or give one twice. Never canceled.
///
/// Calls `on_failure` with each failure. While the store refuses all changes, sends the same batch again, after a
/// pause, until the store accepts it or `ending` becomes true.
pub(super) async fn commit_until_known(
    store: Arc<dyn Store>,
    shard: ShardId,
    (mut owner, node): (Owner, Option<NodeRef>),
    batch: Arc<Batch>,
    on_failure: impl Fn(StoreFailure),
    mut ending: watch::Receiver<bool>,
) -> CommitOutcome {
    let mut pause = Duration::from_millis(20);
    let mut refused_pause = Duration::from_millis(250);
    loop {
        match store.commit(shard, owner, Arc::clone(&batch)).await {
            Ok(()) => {
                fail_point!("after-commit");
                return CommitOutcome::Committed(owner);
            }
            // An earlier attempt at the same batch was settled by a claim: it is not in the store, either.
            Err(CommitError::Fenced) => return CommitOutcome::Lost(LastBatch::NotCommitted),
            Err(CommitError::Damaged(error)) => return CommitOutcome::Damaged(error),
            Err(CommitError::Refused(error)) => return CommitOutcome::Refused(owner, error),
            Err(CommitError::Unknown(error)) => on_failure(StoreFailure::Away(&error)),
            Err(CommitError::NotWritable(error)) => {
                on_failure(StoreFailure::Refuses(&error));
                if !wait_before_retry(jittered(refused_pause, shard, owner.epoch), &mut ending).await {
                    return CommitOutcome::NotWritten(LastBatch::NotCommitted);
                }
                refused_pause = (refused_pause * 2).min(MAX_REFUSED_PAUSE);
                continue;
            }
        }
        // After a claim with the next epoch the old transaction can never commit, so `seq` tells whether it did.
        let (claimed, seq) = match reclaim(&*store, shard, (owner, node), &on_failure, &mut ending).await {
            Ok(claimed) => claimed,
            Err(ClaimError::Damaged(error)) => return CommitOutcome::Damaged(error),
            Err(ClaimError::Taken(last)) => return CommitOutcome::Lost(last_batch(last, batch.position.seq)),
            Err(ClaimError::NotWritable(_)) => return CommitOutcome::NotWritten(LastBatch::Unknown),
            Err(ClaimError::Unavailable(_)) => return CommitOutcome::Lost(LastBatch::Unknown),
        };
        owner = claimed;
        if seq == batch.position.seq {
            return CommitOutcome::Committed(owner);
        }
        if seq.0 != batch.position.seq.0 - 1 {
            return CommitOutcome::Lost(LastBatch::Unknown);
        }
        // Pause: a store that accepts claims but no batch, such as one with a full disk, must not be called in a tight
        // loop.
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(Duration::from_secs(1));
    }
}

/// What became of a batch, by the last batch of its owner that was in the store when another owner claimed the shard.
fn last_batch(last: Option<Seq>, sent: Seq) -> LastBatch {
    match last {
        Some(last) if last == sent => LastBatch::Committed,
        Some(_) => LastBatch::NotCommitted,
        None => LastBatch::Unknown,
    }
}

/// Claims the shard over this process's own ownership, and retries until the store answers. An error is final: the
/// store is damaged, the shard has another owner, or `ending` is true and the store accepts no claim.
async fn reclaim(
    store: &dyn Store,
    shard: ShardId,
    (owner, node): (Owner, Option<NodeRef>),
    on_failure: &impl Fn(StoreFailure),
    ending: &mut watch::Receiver<bool>,
) -> Result<(Owner, Seq), ClaimError> {
    // All attempts use one token, so that an attempt whose answer was lost is recognized by it.
    let by = Claimant { token: fresh_token(), node };
    let mut pause = Duration::from_millis(20);
    loop {
        match store.claim(shard, Some(owner), by).await {
            Ok((owner, position)) => return Ok((owner, position.seq)),
            Err(ClaimError::Unavailable(error)) => on_failure(StoreFailure::Away(&error)),
            Err(ClaimError::NotWritable(error)) => {
                on_failure(StoreFailure::Refuses(&error));
                if !wait_before_retry(jittered(pause, shard, owner.epoch), ending).await {
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

/// Waits before the next attempt. Returns false if the process is ending, and there must be no further attempt. If the
/// process begins to end during the pause, returns at once, for one last attempt.
async fn wait_before_retry(pause: Duration, ending: &mut watch::Receiver<bool>) -> bool {
    if *ending.borrow() {
        return false;
    }
    // An error means that the writer, which holds the sender, is gone: then only the pause matters.
    let _ = tokio::time::timeout(pause, ending.wait_for(|ending| *ending)).await;
    true
}

/// Returns 75 % to 125 % of the pause, so that shards, and successive owners of one shard, do not retry at the same
/// time. Not random, so that a simulation can be repeated.
fn jittered(pause: Duration, shard: ShardId, epoch: Epoch) -> Duration {
    let chance = (u64::from(shard.0) * 97).wrapping_add(epoch.0.unsigned_abs().wrapping_mul(53)) % 256;
    pause * 3 / 4 + pause * chance as u32 / 512
}
