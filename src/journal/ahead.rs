//! Loads a shard ahead of its claim (C7): while another process still owns it, its rows are loaded from the store, and
//! follow the batches that the owner commits. After the claim nothing is left but to finish the ledger, if the claimed
//! position is the one that was followed. Otherwise the shard is loaded as any other: loading ahead decides nothing, and
//! every doubt ends it.
//!
//! Why the rows are those of the claimed position: the owner's batches begin with the one after `since`, and the load
//! begins later, so all batches after the load's position are among them. They are taken in order, without a gap. A
//! batch number means one batch, because it passed the fence once, unless the store has lost it since; and then the
//! claimed batch number is lower, or the owner was replaced in between, which the epoch shows.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::time::timeout;
use tokio_util::task::AbortOnDropHandle;

use super::{Journal, JournalConfig, LOAD_GRACE_PERIOD};
use crate::clock::Clock;
use crate::ids::{Epoch, Seq, ShardId};
use crate::ledger::change::Change;
use crate::ledger::time::Moment;
use crate::ledger::{Ledger, Restore};
use crate::store::batch_codec::FollowedBatch;
use crate::store::{LoadPart, Owner, Position, Store};

/// About as many bytes as the batches take that are kept while the load takes its time.
const MAX_BYTES_WHILE_LOADING: usize = 64 << 20;
/// What a batch takes without its rows.
const BATCH: usize = 64;
/// Time that the last batches may still be on their way after the claim. A load takes longer.
const CATCH_UP_TIME: Duration = Duration::from_millis(200);

impl Journal {
    /// Begins to load a shard that another process owns: see [`LoadingAhead::begin`].
    #[must_use]
    pub fn load_ahead(&self, shard: ShardId, since: Seq, batches: mpsc::Receiver<FollowedBatch>) -> LoadingAhead {
        LoadingAhead::begin(Arc::clone(&self.store), self.clock.clone(), self.config, shard, since, batches)
    }
}

/// How far a load ahead is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    Loading,
    /// All batches up to this one are taken, and more may come.
    Following(Seq),
    /// The owner's batches ended with this one: it is the last one, or this process was too slow.
    Stopped(Seq),
    /// It is of no use.
    Failed,
}

/// A load ahead, in progress. It ends when this is dropped.
pub struct LoadingAhead {
    task: AbortOnDropHandle<Option<ShardAhead>>,
    progress: watch::Receiver<Progress>,
    /// The claimed batch number, once it is known.
    claimed: watch::Sender<Option<Seq>>,
}

impl LoadingAhead {
    /// Begins to load a shard. `batches`: what its owner commits, beginning with the batch after `since`; the owner must
    /// have begun to send them already.
    #[must_use]
    pub fn begin(
        store: Arc<dyn Store>,
        clock: Clock,
        config: JournalConfig,
        shard: ShardId,
        since: Seq,
        batches: mpsc::Receiver<FollowedBatch>,
    ) -> Self {
        let (claimed, target) = watch::channel(None);
        let (states, progress) = watch::channel(Progress::Loading);
        let task = async move {
            let followed = follow(&*store, &clock, &config, shard, (since, batches), (target, &states)).await;
            followed
                .inspect_err(|why| {
                    tracing::info!(%shard, why, "the shard is not loaded ahead");
                    states.send_replace(Progress::Failed);
                })
                .ok()
        };
        Self { task: AbortOnDropHandle::new(tokio::spawn(task)), progress, claimed }
    }

    /// A receiver can also be used to wait for changes.
    #[must_use]
    pub fn progress(&self) -> watch::Receiver<Progress> {
        self.progress.clone()
    }

    /// The rows as of the claimed position; `None`: they are not there in time.
    pub(super) async fn reach(self, owner: Owner, position: &Position) -> Option<ShardAhead> {
        self.claimed.send_replace(Some(position.seq));
        let ahead = timeout(CATCH_UP_TIME, self.task).await.ok()?.ok()??;
        (ahead.seq == position.seq && ahead.epoch.0 == owner.epoch.0 - 1).then_some(ahead)
    }
}

/// The rows of a shard as of a batch.
pub(super) struct ShardAhead {
    restore: Restore,
    /// Epoch of the owner who committed the batch.
    epoch: Epoch,
    seq: Seq,
    /// Time on the monotonic clock when this process had the batch.
    pub seen: Duration,
}

impl ShardAhead {
    fn new(owner: Owner, position: &Position, config: &JournalConfig, seen: Duration) -> Self {
        // The time is set when the load is finished.
        let now = Moment::new(position.tick, position.wall);
        let (last_tenant, last_event) = (position.last_tenant, position.last_event);
        let high = position.wall_high;
        let restore = Ledger::restore(config.ledger, last_tenant, last_event, high, now, LOAD_GRACE_PERIOD);
        Self { restore, epoch: owner.epoch, seq: position.seq, seen }
    }

    fn take(&mut self, batch: FollowedBatch, seen: Duration) -> Result<(), String> {
        if batch.seq <= self.seq {
            return Ok(()); // The load has it.
        }
        if batch.seq.0 != self.seq.0 + 1 || batch.epoch < self.epoch {
            return Err(format!("batch {} of epoch {} comes after batch {}", batch.seq.0, batch.epoch.0, self.seq.0));
        }
        let (seq, last_tenant, last_event) = (batch.seq, batch.last_tenant, batch.last_event);
        if let Some(why) = (Position { seq, last_tenant, last_event, ..Position::default() }).implausible() {
            return Err(why.to_owned());
        }
        self.restore.try_follow(batch.rows, last_tenant, last_event)?;
        (self.epoch, self.seq, self.seen) = (batch.epoch, batch.seq, seen);
        Ok(())
    }

    /// Finishes the ledger at `now`.
    ///
    /// # Errors
    /// The inconsistency between the rows.
    pub fn finish(mut self, position: &Position, now: Moment) -> Result<Ledger, String> {
        self.restore.set_time(position.wall_high, now);
        self.restore.set_served_until(position.tick);
        self.restore.try_finish()
    }
}

/// Loads the shard, and follows the batches until the claimed one.
async fn follow(
    store: &dyn Store,
    clock: &Clock,
    config: &JournalConfig,
    shard: ShardId,
    (since, mut batches): (Seq, mpsc::Receiver<FollowedBatch>),
    (mut claimed, progress): (watch::Receiver<Option<Seq>>, &watch::Sender<Progress>),
) -> Result<ShardAhead, String> {
    let mut held = Vec::new();
    let mut ahead = tokio::select! {
        biased;
        ahead = load(store, clock, config, shard) => ahead?,
        () = hold(&mut batches, &mut held) => return Err("the load takes too long".into()),
    };
    if ahead.seq < since {
        return Err(format!("the store is at batch {}, and its owner was at {}", ahead.seq.0, since.0));
    }
    for batch in held {
        ahead.take(batch, clock.monotonic())?;
    }
    let mut open = true;
    loop {
        let at = ahead.seq;
        progress.send_replace(if open { Progress::Following(at) } else { Progress::Stopped(at) });
        if claimed.borrow_and_update().is_some_and(|claimed| at >= claimed) {
            return Ok(ahead);
        }
        tokio::select! {
            biased;
            batch = batches.recv(), if open => match batch {
                Some(batch) => ahead.take(batch, clock.monotonic())?,
                None => open = false,
            },
            changed = claimed.changed() => changed.map_err(|_| "nobody waits for it".to_owned())?,
        }
    }
}

/// Keeps the batches that come while the load takes its time. Ends when they take too much.
async fn hold(batches: &mut mpsc::Receiver<FollowedBatch>, held: &mut Vec<FollowedBatch>) {
    let mut bytes = 0;
    while let Some(batch) = batches.recv().await {
        bytes += BATCH + batch.rows.iter().map(Change::bytes).sum::<usize>();
        held.push(batch);
        if bytes > MAX_BYTES_WHILE_LOADING {
            return;
        }
    }
    std::future::pending().await
}

async fn load(store: &dyn Store, clock: &Clock, config: &JournalConfig, shard: ShardId) -> Result<ShardAhead, String> {
    let (sender, mut parts) = mpsc::channel(4);
    let receive = async {
        let mut ahead = None;
        while let Some(part) = parts.recv().await {
            match (part, &mut ahead) {
                (LoadPart::Position(owner, position), None) => {
                    ahead = Some(ShardAhead::new(owner, &position, config, clock.monotonic()));
                }
                (LoadPart::Rows(rows), Some(ahead)) => {
                    rows.into_iter().try_for_each(|row| ahead.restore.try_put(row))?;
                }
                _ => return Err("the position does not come first".to_owned()),
            }
        }
        ahead.ok_or_else(|| "no position".to_owned())
    };
    let loading = pin!(store.load_ahead(shard, sender));
    let (loaded, ahead) = tokio::join!(loading, receive);
    loaded.map_err(|error| error.to_string())?;
    ahead
}
