//! The lease of each shard: until when this process may answer from memory. It lasts 3 seconds from the moment at which
//! the last successful heartbeat was sent, on the clock that also runs while the machine is suspended, and only while
//! `owners` assigns the shard to this node. Only heartbeats extend it.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::watch;

use crate::clock::Clock;
use crate::ids::ShardId;

/// Duration of a lease, from the moment at which its heartbeat was sent. Another node declares the owner dead after
/// `NODE_TIMEOUT`, which is longer by more than clocks differ.
pub const LEASE_DURATION: Duration = Duration::from_secs(3);

/// There is no lease.
const NO_LEASE: u64 = 0;
/// For a store that belongs to this process alone.
const ENDLESS_LEASE: u64 = u64::MAX;

/// The lease of one claim of a shard.
struct Claim {
    /// End of the lease, in milliseconds of boot time.
    until: AtomicU64,
    /// The shard was released or lost: no heartbeat gives a lease any more, not even one in progress.
    ended: AtomicBool,
    /// `true`: another process owns the shard, or this process was declared dead. Final.
    lost: watch::Sender<bool>,
}

impl Claim {
    fn new(until: u64) -> Arc<Self> {
        Arc::new(Self { until: AtomicU64::new(until), ended: AtomicBool::new(false), lost: watch::Sender::new(false) })
    }
}

/// The leases of all shards: of each, that of its last claim.
pub struct Lease {
    clock: Clock,
    /// End of the lease of a fresh claim.
    until: u64,
    shards: Box<[Mutex<Arc<Claim>>]>,
}

impl Lease {
    fn new(clock: Clock, shards: u16, until: u64) -> Arc<Self> {
        Arc::new(Self { clock, until, shards: (0..shards).map(|_| Mutex::new(Claim::new(until))).collect() })
    }

    /// Leases for a store that belongs to this process alone: always valid until they end.
    #[must_use]
    pub fn exclusive(clock: Clock, shards: u16) -> Arc<Self> {
        Self::new(clock, shards, ENDLESS_LEASE)
    }

    /// No lease until the first successful heartbeat.
    #[must_use]
    pub fn none(clock: Clock, shards: u16) -> Arc<Self> {
        Self::new(clock, shards, NO_LEASE)
    }

    fn claim(&self, shard: ShardId) -> Option<Arc<Claim>> {
        let claim = self.shards.get(usize::from(shard.0))?;
        Some(Arc::clone(&claim.lock().unwrap_or_else(PoisonError::into_inner)))
    }

    /// Extends the lease after a successful heartbeat, sent at `sent` (boot time), that found the shard assigned to
    /// this node.
    pub fn extend(&self, shard: ShardId, sent: Duration) {
        if let Some(claim) = self.claim(shard) {
            claim.until.fetch_max(millis(sent + LEASE_DURATION), Ordering::AcqRel);
        }
    }

    /// Ends the lease because another process owns the shard.
    pub fn lose(&self, shard: ShardId) {
        if let Some(claim) = self.claim(shard) {
            claim.ended.store(true, Ordering::Release);
            claim.lost.send_replace(true);
        }
    }

    /// Ends the lease because the shard is about to be released, or the node is about to leave.
    pub fn end(&self, shard: ShardId) {
        if let Some(claim) = self.claim(shard) {
            claim.ended.store(true, Ordering::Release);
        }
    }

    /// Time on the clock that leases use.
    #[must_use]
    pub fn now(&self) -> Duration {
        self.clock.boot_time()
    }

    /// A fresh lease of one shard, for a fresh claim: nothing that happened to an earlier one touches it.
    ///
    /// # Panics
    /// If the shard does not exist.
    #[must_use]
    pub fn shard(self: &Arc<Self>, shard: ShardId) -> ShardLease {
        let claim = Claim::new(self.until);
        let slot = self.shards.get(usize::from(shard.0)).expect("a shard of this store");
        *slot.lock().unwrap_or_else(PoisonError::into_inner) = Arc::clone(&claim);
        ShardLease { lease: Arc::clone(self), lost: claim.lost.subscribe(), claim }
    }
}

/// The lease of one claim of a shard, for the shard's writer.
#[derive(Clone)]
pub struct ShardLease {
    lease: Arc<Lease>,
    claim: Arc<Claim>,
    lost: watch::Receiver<bool>,
}

impl ShardLease {
    /// Returns whether answers may be given from memory now.
    #[must_use]
    pub fn holds(&self) -> bool {
        if self.claim.ended.load(Ordering::Acquire) {
            return false;
        }
        let until = self.claim.until.load(Ordering::Acquire);
        until == ENDLESS_LEASE || until != NO_LEASE && millis(self.lease.now()) < until
    }

    /// Returns whether another process owns the shard, or this one was declared dead.
    #[must_use]
    pub fn is_lost(&self) -> bool {
        *self.lost.borrow()
    }

    /// Waits until another process owns the shard. Safe to cancel.
    pub async fn lost(&mut self) {
        if self.lost.wait_for(|lost| *lost).await.is_err() {
            std::future::pending().await
        }
    }

    /// Ends the lease because the shard is about to be released.
    pub fn end(&self) {
        self.claim.ended.store(true, Ordering::Release);
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX - 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::time::WallTime;

    const SHARD: ShardId = ShardId(0);

    #[test]
    fn a_lease_runs_from_the_sending_of_its_heartbeat_and_also_while_the_machine_sleeps() {
        let (clock, manual) = Clock::manual(WallTime(0));
        let lease = Lease::none(clock.clone(), 2);
        let (mine, other) = (lease.shard(SHARD), lease.shard(ShardId(1)));
        assert!(!mine.holds(), "none at first");
        let sent = clock.boot_time();
        manual.advance(Duration::from_millis(400));
        lease.extend(SHARD, sent);
        manual.advance(LEASE_DURATION - Duration::from_millis(401));
        assert!(mine.holds() && !other.holds());
        manual.advance(Duration::from_millis(1));
        assert!(!mine.holds());

        lease.extend(SHARD, clock.boot_time());
        assert!(mine.holds());
        manual.suspend(LEASE_DURATION);
        assert!(!mine.holds(), "it slept through its lease");
    }

    #[test]
    fn an_older_heartbeat_shortens_nothing_and_what_was_lost_stays_so() {
        let (clock, manual) = Clock::manual(WallTime(0));
        manual.advance(Duration::from_secs(10));
        let lease = Lease::none(clock, 1);
        let mine = lease.shard(SHARD);
        lease.extend(SHARD, Duration::from_secs(10));
        lease.extend(SHARD, Duration::from_secs(8));
        manual.advance(LEASE_DURATION - Duration::from_millis(1));
        assert!(mine.holds());
        lease.lose(SHARD);
        lease.extend(SHARD, Duration::from_secs(13));
        assert!(!mine.holds() && mine.is_lost());
    }

    #[test]
    fn a_store_of_ones_own_needs_no_heartbeat() {
        let (clock, manual) = Clock::manual(WallTime(0));
        let mine = Lease::exclusive(clock, 1).shard(SHARD);
        manual.advance(Duration::from_secs(1 << 40));
        assert!(mine.holds());
        mine.end();
        assert!(!mine.holds(), "released");
    }
}
