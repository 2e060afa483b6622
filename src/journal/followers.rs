//! The processes that follow a shard of this process, because they are about to own it (C7). Each gets every batch that
//! is committed, in order. A follower that is too slow is dropped, and has to begin anew: the owner waits for nobody.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::mpsc;

use super::Journal;
use crate::ids::{Seq, ShardId};
use crate::ledger::change::{AuditEvent, Change};
use crate::store::{Batch, Owner, batch_codec};

/// Followers of a shard. There is one successor; a second one is one that the first view of the members did not name.
const MAX_FOLLOWERS: usize = 2;
/// Batches that a follower may be behind, and about how many bytes they take: callers choose how long their texts are.
const MAX_BATCHES_BEHIND: usize = 4_096;
const MAX_BYTES_BEHIND: usize = 32 << 20;

/// A batch, and the owner who committed it.
#[derive(Debug, Clone)]
pub struct CommittedBatch {
    pub owner: Owner,
    pub batch: Arc<Batch>,
    /// About as many as it takes.
    bytes: usize,
}

impl CommittedBatch {
    fn new(owner: Owner, batch: &Arc<Batch>) -> Self {
        let rows = batch.rows.iter().map(Change::bytes).sum::<usize>();
        let events = batch.events.iter().map(AuditEvent::bytes).sum::<usize>();
        Self { owner, batch: Arc::clone(batch), bytes: rows + events }
    }

    /// The batch as it is sent to the follower: see [`batch_codec`].
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        batch_codec::encode(self.owner, &self.batch)
    }
}

/// The batches that a shard's owner commits from now on.
pub struct Follow {
    /// The last batch that was committed before; the next one is the first that this follower gets.
    pub since: Seq,
    batches: mpsc::Receiver<CommittedBatch>,
    behind: Arc<AtomicUsize>,
}

impl Follow {
    /// The next batch. `None`: there are no more, because this process does not own the shard any more, or because the
    /// follower was too slow and must begin anew. Safe to cancel.
    pub async fn next(&mut self) -> Option<CommittedBatch> {
        let batch = self.batches.recv().await?;
        self.behind.fetch_sub(batch.bytes, Ordering::Relaxed);
        Some(batch)
    }
}

/// The followers of one shard. The writer pushes, and anybody may begin to follow.
#[derive(Debug)]
pub(super) struct Followers(Mutex<State>);

#[derive(Debug)]
struct State {
    /// The last batch that was committed.
    last: Seq,
    followers: Vec<Follower>,
    /// The writer has ended.
    closed: bool,
}

#[derive(Debug)]
struct Follower {
    batches: mpsc::Sender<CommittedBatch>,
    behind: Arc<AtomicUsize>,
}

impl Follower {
    /// Returns false if the follower is gone, or too slow.
    fn push(&self, batch: &CommittedBatch) -> bool {
        let behind = self.behind.fetch_add(batch.bytes, Ordering::Relaxed);
        behind + batch.bytes <= MAX_BYTES_BEHIND && self.batches.try_send(batch.clone()).is_ok()
    }
}

impl Followers {
    /// `last`: the last batch that was committed.
    pub fn new(last: Seq) -> Self {
        Self(Mutex::new(State { last, followers: Vec::new(), closed: false }))
    }

    /// Notes that a batch is committed. Without followers it costs a lock that nobody else holds.
    pub fn push(&self, owner: Owner, batch: &Arc<Batch>) {
        let mut state = self.state();
        state.last = batch.position.seq;
        if !state.followers.is_empty() {
            let batch = CommittedBatch::new(owner, batch);
            state.followers.retain(|follower| follower.push(&batch));
        }
    }

    /// Notes that the writer has ended: followers get what was committed, and then the end.
    pub fn close(&self) {
        let mut state = self.state();
        state.closed = true;
        state.followers.clear();
    }

    fn follow(&self) -> Option<Follow> {
        let mut state = self.state();
        if state.closed {
            return None;
        }
        if state.followers.len() == MAX_FOLLOWERS {
            state.followers.remove(0);
        }
        let (sender, batches) = mpsc::channel(MAX_BATCHES_BEHIND);
        let behind = Arc::new(AtomicUsize::new(0));
        state.followers.push(Follower { batches: sender, behind: Arc::clone(&behind) });
        Some(Follow { since: state.last, batches, behind })
    }

    /// A poisoned lock guards a list of channels, whose worst is that a follower misses a batch and notices it.
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Journal {
    /// Follows a shard that this process owns: see [`super::ahead`]. `None`: it does not own it.
    #[must_use]
    pub fn follow(&self, shard: ShardId) -> Option<Follow> {
        self.slot(shard)?.held()?.followers.follow()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::{Epoch, OwnerToken, TenantNo};
    use crate::ledger::change::Changes;
    use crate::store::Position;

    const OWNER: Owner = Owner { epoch: Epoch(7), token: OwnerToken(uuid::Uuid::nil()) };

    fn push(followers: &Followers, seq: i64, rows: u32) {
        let rows = (1..=rows).map(|no| Change::DeleteTenant(TenantNo(no))).collect();
        let position = Position { seq: Seq(seq), ..Position::default() };
        followers.push(OWNER, &Arc::new(Batch::new(Changes { rows, events: Vec::new() }, position)));
    }

    fn received(follow: &mut Follow) -> Vec<i64> {
        std::iter::from_fn(|| follow.batches.try_recv().ok()).map(|batch| batch.batch.position.seq.0).collect()
    }

    #[test]
    fn a_follower_gets_every_batch_since_it_began() {
        let followers = Followers::new(Seq(4));
        push(&followers, 5, 1);
        let mut follow = followers.follow().expect("an owner");
        assert_eq!(follow.since, Seq(5));
        (6..9).for_each(|seq| push(&followers, seq, 1));
        followers.close();
        assert_eq!(received(&mut follow), [6, 7, 8], "and what came before the end");
        assert!(follow.batches.is_closed() && followers.follow().is_none());
    }

    #[tokio::test]
    async fn a_follower_that_is_too_slow_is_dropped() {
        let followers = Followers::new(Seq(0));
        let (mut slow, mut quick) = (followers.follow().expect("an owner"), followers.follow().expect("an owner"));
        let rows = MAX_BYTES_BEHIND / Change::DeleteTenant(TenantNo(1)).bytes();
        let rows = u32::try_from(rows).expect("a small number") / 2 + 1;
        for seq in 1..=4 {
            push(&followers, seq, rows);
            assert_eq!(quick.next().await.map(|batch| batch.batch.position.seq), Some(Seq(seq)));
        }
        assert_eq!(received(&mut slow), [1], "what fits");
        assert!(slow.next().await.is_none());
    }

    #[test]
    fn the_follower_that_came_first_goes_when_there_are_too_many() {
        let followers = Followers::new(Seq(0));
        let mut all: Vec<Follow> = (0..=MAX_FOLLOWERS).filter_map(|_| followers.follow()).collect();
        push(&followers, 1, 0);
        assert_eq!(all.iter_mut().map(received).collect::<Vec<_>>(), [vec![], vec![1], vec![1]]);
    }
}
