//! The next owner of a shard loads it ahead, and follows what its owner commits (C7). That saves time and decides
//! nothing: where it does not fit, the shard is loaded as any other.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, mpsc};
use usher::clock::Clock;
use usher::cluster::Lease;
use usher::ids::{Epoch, EventNo, NodeId, OwnerToken, Seq, SessionId, TenantNo};
use usher::journal::ahead::Progress;
use usher::journal::{CommittedBatch, Journal, LoadingAhead, StartError};
use usher::ledger::change::{Change, TenantRow};
use usher::ledger::outcome::HeartbeatResult;
use usher::ledger::time::WallTime;
use usher::store::Owner;
use usher::store::batch_codec::{FollowedBatch, decode};
use usher::store::nodes::NodeRef;

use super::{NOON, Process, SHARD, config, session_of};
use crate::support::memory::{Memory, installation};

/// A node: a process that shares its store with others.
struct Peer {
    process: Process,
    clock: Clock,
    store: Memory,
    lease: Arc<Lease>,
    me: NodeRef,
}

impl Peer {
    fn new(store: &Memory, wall: WallTime) -> Self {
        let (clock, manual) = Clock::manual(wall);
        let journal = Journal::empty(Arc::new(store.clone()), clock.clone(), installation(1), config());
        let process = Process { journal: Arc::new(journal), clock: manual };
        let (lease, me) = (Lease::exclusive(clock.clone()), NodeRef { id: NodeId::random(), generation: 1 });
        Self { process, clock, store: store.clone(), lease, me }
    }

    async fn open(&self, ahead: Option<LoadingAhead>) -> Result<Owner, StartError> {
        let over = {
            let disk = self.store.disk.lock().unwrap();
            Owner { epoch: Epoch(disk.epoch), token: OwnerToken(disk.token) }
        };
        self.process.journal.open(SHARD, over, self.me, self.lease.shard(SHARD), ahead).await
    }

    fn seq(&self) -> Seq {
        self.store.disk.lock().unwrap().seq()
    }

    /// Begins to load the shard ahead, with these batches of its owner.
    fn load_ahead(&self, since: Seq, batches: mpsc::Receiver<FollowedBatch>) -> LoadingAhead {
        LoadingAhead::begin(Arc::new(self.store.clone()), self.clock.clone(), config(), SHARD, since, batches)
    }

    /// The same, with the batches as the owner sends them from now on, as far as `passes` lets them through.
    fn follow(&self, owner: &Peer, passes: impl Fn(Seq) -> bool + Send + 'static) -> LoadingAhead {
        let mut follow = owner.process.journal.follow(SHARD).expect("the owner");
        let (sender, batches) = mpsc::channel(100);
        let since = follow.since;
        tokio::spawn(async move {
            while let Some(batch) = follow.next().await {
                let batch = sent(&batch);
                if passes(batch.seq) && sender.send(batch).await.is_err() {
                    return;
                }
            }
        });
        self.load_ahead(since, batches)
    }
}

/// A batch as the follower gets it.
fn sent(batch: &CommittedBatch) -> FollowedBatch {
    decode(&batch.encode()).expect("a batch")
}

async fn reaches(ahead: &LoadingAhead, wanted: Progress) {
    ahead.progress().wait_for(|progress| *progress == wanted).await.expect("it goes on");
}

async fn two_peers(store: &Memory) -> (Peer, Peer) {
    let (mut first, second) = (Peer::new(store, NOON), Peer::new(&store.other(), NOON));
    first.open(None).await.unwrap();
    first.process = first.process.pool(9).await;
    (first, second)
}

async fn check_out(peer: &Peer, name: &str) -> SessionId {
    session_of(&peer.process.check_out(name).await.unwrap())
}

async fn is_kept(peer: &Peer, session: SessionId) -> bool {
    matches!(peer.process.heartbeat(session).await.unwrap(), HeartbeatResult::Kept(_))
}

#[tokio::test(start_paused = true)]
async fn a_shard_that_was_loaded_ahead_is_not_loaded_after_the_claim() {
    let store = Memory::default();
    let (first, second) = two_peers(&store).await;
    let ann = check_out(&first, "ann").await;
    let ahead = second.follow(&first, |_| true);
    let bob = check_out(&first, "bob").await;
    reaches(&ahead, Progress::Following(second.seq())).await;
    second.store.loads(false);
    first.process.journal.release(SHARD, None).await.expect("it was held");
    second.open(Some(ahead)).await.expect("no load is needed");
    assert!(is_kept(&second, ann).await && is_kept(&second, bob).await);
    assert_eq!(second.process.usage().await.unwrap().in_use, 2);
    // It goes on as any owner does, and others can follow it.
    second.store.loads(true);
    let ahead = first.follow(&second, |_| true);
    check_out(&second, "cid").await;
    reaches(&ahead, Progress::Following(second.seq())).await;
    second.process.journal.release(SHARD, None).await.expect("it was held");
    first.open(Some(ahead)).await.unwrap();
    assert_eq!(first.process.usage().await.unwrap().in_use, 3);
}

/// The last batches may be on their way when the shard is claimed.
#[tokio::test(start_paused = true)]
async fn the_last_batches_may_come_after_the_claim() {
    let store = Memory::default();
    let (first, second) = two_peers(&store).await;
    let mut follow = first.process.journal.follow(SHARD).unwrap();
    let (sender, batches) = mpsc::channel(100);
    let ahead = second.load_ahead(follow.since, batches);
    reaches(&ahead, Progress::Following(follow.since)).await;
    check_out(&first, "ann").await;
    first.process.journal.release(SHARD, None).await.expect("it was held");
    second.store.loads(false);
    let claims = Arc::new(Notify::new());
    let notify = Arc::clone(&claims);
    second.store.claim_before_next(move || notify.notify_one());
    let late = async {
        claims.notified().await;
        for _ in 0..50 {
            tokio::task::yield_now().await;
        }
        while let Some(batch) = follow.next().await {
            sender.send(sent(&batch)).await.unwrap();
        }
    };
    let (opened, ()) = tokio::join!(second.open(Some(ahead)), late);
    opened.expect("no load is needed");
    assert_eq!(second.process.usage().await.unwrap().in_use, 1);
}

#[tokio::test(start_paused = true)]
async fn without_the_last_batch_the_shard_is_loaded() {
    let store = Memory::default();
    let (first, second) = two_peers(&store).await;
    let last = second.seq();
    let ahead = second.follow(&first, move |seq| seq <= last);
    let ann = check_out(&first, "ann").await;
    first.process.journal.release(SHARD, None).await.expect("it was held");
    reaches(&ahead, Progress::Stopped(last)).await;
    second.open(Some(ahead)).await.unwrap();
    assert!(is_kept(&second, ann).await);
    assert_eq!(second.process.usage().await.unwrap().in_use, 1);
}

#[tokio::test(start_paused = true)]
async fn after_a_gap_the_shard_is_loaded() {
    let store = Memory::default();
    let (first, second) = two_peers(&store).await;
    let lost = Seq(second.seq().0 + 1);
    let ahead = second.follow(&first, move |seq| seq != lost);
    reaches(&ahead, Progress::Following(second.seq())).await;
    check_out(&first, "ann").await;
    check_out(&first, "bob").await;
    reaches(&ahead, Progress::Failed).await;
    first.process.journal.release(SHARD, None).await.expect("it was held");
    second.open(Some(ahead)).await.unwrap();
    assert_eq!(second.process.usage().await.unwrap().in_use, 2);
}

/// The store lost batches: their numbers mean other batches now.
#[tokio::test(start_paused = true)]
async fn batches_of_an_owner_before_the_last_one_count_for_nothing() {
    let store = Memory::default();
    let (first, second) = two_peers(&store).await;
    let ahead = second.follow(&first, |_| true);
    reaches(&ahead, Progress::Following(second.seq())).await;
    let rows = store.disk.lock().unwrap().rows.all();
    let before = store.disk.lock().unwrap().position;
    check_out(&first, "ann").await;
    reaches(&ahead, Progress::Following(second.seq())).await;
    {
        let mut disk = store.disk.lock().unwrap();
        disk.position = before;
        disk.rows = Default::default();
        disk.rows.apply(&rows);
        disk.taken_by_another();
    }
    let third = Peer::new(&store.other(), NOON);
    third.open(None).await.unwrap();
    check_out(&third, "bob").await;
    third.process.journal.release(SHARD, None).await.expect("it was held");
    assert_eq!(second.seq(), Seq(before.seq.0 + 1), "as many batches as were followed");
    second.open(Some(ahead)).await.unwrap();
    assert_eq!(second.process.usage().await.unwrap().in_use, 1);
    assert!(second.process.check_out("ann").await.unwrap().decision.is_ok(), "ann is not signed in");
}

/// A load that began before the owner sent its batches misses some.
#[tokio::test(start_paused = true)]
async fn a_load_of_before_the_following_is_of_no_use() {
    let store = Memory::default();
    let (_first, second) = two_peers(&store).await;
    let (_sender, batches) = mpsc::channel(1);
    let ahead = second.load_ahead(Seq(second.seq().0 + 1), batches);
    reaches(&ahead, Progress::Failed).await;
}

/// Callers choose how long the texts are that a batch holds.
#[tokio::test(start_paused = true)]
async fn batches_that_would_fill_the_memory_end_a_load_that_takes_long() {
    let store = Memory::default();
    let (_first, second) = two_peers(&store).await;
    second.store.hold_loads(true);
    let (sender, batches) = mpsc::channel(1);
    let ahead = second.load_ahead(second.seq(), batches);
    let long: Box<str> = "a".repeat(20 << 20).into();
    let rows = store.disk.lock().unwrap().rows.all();
    let tenant = rows.into_iter().find_map(|row| match row {
        Change::PutTenant(row) => Some(Change::PutTenant(TenantRow { contact: long.clone(), ..row })),
        _ => None,
    });
    let rows = vec![tenant.expect("a tenant")];
    let (last_tenant, last_event) = (TenantNo(1), EventNo(1));
    for seq in 1..=3 {
        let batch = FollowedBatch { epoch: Epoch(1), seq: Seq(seq), last_tenant, last_event, rows: rows.clone() };
        sender.send(batch).await.expect("it fits");
    }
    let last = FollowedBatch { epoch: Epoch(1), seq: Seq(4), last_tenant, last_event, rows };
    assert_eq!(*ahead.progress().borrow(), Progress::Loading);
    sender.send(last).await.expect("nobody has noticed yet");
    reaches(&ahead, Progress::Failed).await;
}

/// C14: the clock of the next owner is an hour ahead, or behind.
#[tokio::test(start_paused = true)]
async fn a_move_adds_to_the_shards_time_what_the_next_owner_has_measured() {
    const HOUR: i64 = 3_600_000;
    for off in [-HOUR, 0, HOUR] {
        let store = Memory::default();
        let (mut first, second) = (Peer::new(&store, NOON), Peer::new(&store.other(), WallTime(NOON.0 + off)));
        first.open(None).await.unwrap();
        first.process = first.process.pool(9).await;
        let ann = check_out(&first, "ann").await;
        let ahead = second.follow(&first, |_| true);
        reaches(&ahead, Progress::Following(second.seq())).await;
        first.process.journal.release(SHARD, None).await.expect("it was held");
        let before = store.disk.lock().unwrap().position.tick;
        second.process.clock.advance(Duration::from_millis(230));
        second.open(Some(ahead)).await.unwrap();
        check_out(&second, "bob").await;
        let passed = store.disk.lock().unwrap().position.tick.since(before);
        assert_eq!(passed, Duration::from_millis(230), "the clock is off by {off} ms");
        // Ann has her whole lease, and the time of grace.
        second.process.clock.advance(Duration::from_secs(659));
        assert!(is_kept(&second, ann).await);
    }
}

/// Without a load ahead nothing is measured, and the wall clocks count for nothing.
#[tokio::test(start_paused = true)]
async fn a_take_over_adds_a_millisecond_at_most() {
    const HOUR: i64 = 3_600_000;
    for (off, passed) in [(-HOUR, 0), (HOUR, 1)] {
        let store = Memory::default();
        let (mut first, second) = (Peer::new(&store, NOON), Peer::new(&store.other(), WallTime(NOON.0 + off)));
        first.open(None).await.unwrap();
        first.process = first.process.pool(9).await;
        let before = store.disk.lock().unwrap().position.tick;
        second.open(None).await.unwrap();
        check_out(&second, "ann").await;
        let after = store.disk.lock().unwrap().position.tick;
        assert_eq!(after.since(before), Duration::from_millis(passed), "the clock is off by {off} ms");
    }
}
