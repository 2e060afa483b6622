//! The lease of a node: until when this process may answer from memory for the shards that it has claimed (C4). It
//! lasts 3 seconds from the moment at which the last successful heartbeat was sent, on the clock that also runs while
//! the machine is suspended. Only heartbeats extend it.
//!
//! A node has one lease, and a handle for each claim. A lease belongs to one id of a node: a node that was declared dead
//! gets another one together with its fresh id, so no handle outlives the id under which its shard was claimed.

use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
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

/// The lease of this process, as long as it has one id as a node.
pub struct Lease {
    clock: Clock,
    /// End of the lease, in milliseconds of boot time.
    until: AtomicU64,
    claims: Mutex<Claims>,
}

#[derive(Default)]
struct Claims {
    /// The handles in use.
    handles: Vec<Weak<Claim>>,
    /// The lease has ended for good, so a new handle has no lease either.
    ended: bool,
}

/// One claim of a shard.
struct Claim {
    shard: ShardId,
    /// A [`ClaimState`].
    state: AtomicU8,
    /// Boot time at which the claim was known to have succeeded; meaningful unless the claim is still `Made`.
    claimed: Mutex<Duration>,
    /// `true`: another process owns the shard, or this process was declared dead. Final.
    lost: watch::Sender<bool>,
}

/// States of a claim, in the order in which it goes through them.
#[repr(u8)]
enum ClaimState {
    /// It is not known whether the claim succeeds.
    Made,
    Claimed,
    /// The shard was released or lost: no heartbeat gives a lease any more, not even one in progress.
    Ended,
}

impl Lease {
    fn new(clock: Clock, until: u64) -> Arc<Self> {
        Arc::new(Self { clock, until: AtomicU64::new(until), claims: Mutex::default() })
    }

    /// A lease for a store that belongs to this process alone: valid until it ends.
    #[must_use]
    pub fn exclusive(clock: Clock) -> Arc<Self> {
        Self::new(clock, ENDLESS_LEASE)
    }

    /// No lease until the first successful heartbeat.
    #[must_use]
    pub fn none(clock: Clock) -> Arc<Self> {
        Self::new(clock, NO_LEASE)
    }

    /// Extends the lease after a successful heartbeat, sent at `sent` (boot time).
    pub fn extend(&self, sent: Duration) {
        self.until.fetch_max(millis(sent + LEASE_DURATION), Ordering::AcqRel);
    }

    /// Ends the lease for good, because the node leaves: also those of handles that are made later.
    pub fn end_all(&self) {
        let mut claims = self.claims();
        claims.ended = true;
        claims.living().for_each(|claim| claim.end());
    }

    /// [`Lease::end_all`], because the node was declared dead: others may own its shards already.
    pub fn lose_all(&self) {
        let mut claims = self.claims();
        claims.ended = true;
        claims.living().for_each(|claim| claim.lose());
    }

    /// Ends the leases of those claims of the shard that succeeded before `claimed_before`: a heartbeat that was sent
    /// then (boot time) has read that this node does not own the shard. Returns whether a lease was lost.
    pub fn lose(&self, shard: ShardId, claimed_before: Duration) -> bool {
        let mut lost = false;
        for claim in self.claims().living().filter(|claim| claim.shard == shard) {
            if claim.is_claimed() && *claim.claimed.lock().unwrap_or_else(PoisonError::into_inner) < claimed_before {
                claim.lose();
                lost = true;
            }
        }
        lost
    }

    /// A handle for a claim that is about to be made. It gives no lease before [`ShardLease::claimed`].
    #[must_use]
    pub fn shard(self: &Arc<Self>, shard: ShardId) -> ShardLease {
        let state = AtomicU8::new(ClaimState::Made as u8);
        let claim = Claim { shard, state, claimed: Mutex::default(), lost: watch::Sender::new(false) };
        let (lost, claim) = (claim.lost.subscribe(), Arc::new(claim));
        let mut claims = self.claims();
        if claims.ended {
            claim.lose();
        }
        claims.handles.retain(|claim| claim.strong_count() > 0);
        claims.handles.push(Arc::downgrade(&claim));
        drop(claims);
        ShardLease { lease: Arc::clone(self), claim, lost }
    }

    fn claims(&self) -> MutexGuard<'_, Claims> {
        self.claims.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Claims {
    fn living(&self) -> impl Iterator<Item = Arc<Claim>> + '_ {
        self.handles.iter().filter_map(Weak::upgrade)
    }
}

impl Claim {
    fn is_claimed(&self) -> bool {
        self.state.load(Ordering::Acquire) == ClaimState::Claimed as u8
    }

    fn end(&self) {
        self.state.store(ClaimState::Ended as u8, Ordering::Release);
    }

    fn lose(&self) {
        self.end();
        self.lost.send_replace(true);
    }
}

/// The lease within which one claimed shard is served.
#[derive(Clone)]
pub struct ShardLease {
    lease: Arc<Lease>,
    claim: Arc<Claim>,
    lost: watch::Receiver<bool>,
}

impl ShardLease {
    /// Notes that the claim has succeeded: from now on the shard is served within the node's lease, and a heartbeat that
    /// is sent later and reads another owner ends that. To be called once, right after the claim; a claim in progress
    /// cannot be lost, because an earlier heartbeat reads the former owner.
    pub fn claimed(&self) {
        *self.claim.claimed.lock().unwrap_or_else(PoisonError::into_inner) = self.lease.clock.boot_time();
        let (made, claimed) = (ClaimState::Made as u8, ClaimState::Claimed as u8);
        // The exchange fails if the node was declared dead meanwhile.
        let _ = self.claim.state.compare_exchange(made, claimed, Ordering::AcqRel, Ordering::Acquire);
    }

    /// Returns whether answers may be given from memory now.
    #[must_use]
    pub fn holds(&self) -> bool {
        if !self.claim.is_claimed() {
            return false;
        }
        let until = self.lease.until.load(Ordering::Acquire);
        until == ENDLESS_LEASE || until != NO_LEASE && millis(self.lease.clock.boot_time()) < until
    }

    /// Returns whether another process owns the shard, or this one was declared dead.
    #[must_use]
    pub fn is_lost(&self) -> bool {
        *self.lost.borrow()
    }

    /// Waits until the shard is lost. Safe to cancel.
    pub async fn lost(&mut self) {
        if self.lost.wait_for(|lost| *lost).await.is_err() {
            std::future::pending().await
        }
    }

    /// Ends the lease because the shard is about to be released.
    pub fn end(&self) {
        self.claim.end();
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX - 1)
}

#[cfg(test)]
mod tests;
