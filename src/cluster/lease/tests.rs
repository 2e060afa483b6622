use super::*;
use crate::clock::ManualClock;
use crate::ledger::time::WallTime;

const SHARD: ShardId = ShardId(0);
const OTHER: ShardId = ShardId(1);

/// A node's lease, ten seconds after its machine was booted.
fn lease() -> (Arc<Lease>, Arc<ManualClock>) {
    let (clock, manual) = Clock::manual(WallTime(0));
    manual.advance(Duration::from_secs(10));
    (Lease::none(clock), manual)
}

fn claimed(lease: &Arc<Lease>, shard: ShardId) -> ShardLease {
    let handle = lease.shard(shard);
    handle.claimed();
    handle
}

#[test]
fn a_lease_runs_from_the_sending_of_its_heartbeat_and_also_while_the_machine_sleeps() {
    let (lease, manual) = lease();
    let mine = claimed(&lease, SHARD);
    assert!(!mine.holds(), "none at first");
    let sent = lease.clock.boot_time();
    manual.advance(Duration::from_millis(400));
    lease.extend(sent);
    manual.advance(LEASE_DURATION - Duration::from_millis(401));
    assert!(mine.holds());
    manual.advance(Duration::from_millis(1));
    assert!(!mine.holds());

    lease.extend(lease.clock.boot_time());
    assert!(mine.holds());
    manual.suspend(LEASE_DURATION);
    assert!(!mine.holds(), "it slept through its lease");
}

#[test]
fn an_older_heartbeat_shortens_nothing() {
    let (lease, manual) = lease();
    let mine = claimed(&lease, SHARD);
    lease.extend(Duration::from_secs(10));
    lease.extend(Duration::from_secs(8));
    manual.advance(LEASE_DURATION - Duration::from_millis(1));
    assert!(mine.holds());
}

#[test]
fn the_lease_of_the_node_covers_each_shard_from_its_claim_on() {
    let (lease, _manual) = lease();
    lease.extend(Duration::from_secs(10));
    let mine = lease.shard(SHARD);
    assert!(!mine.holds(), "not claimed yet");
    mine.claimed();
    assert!(mine.holds() && mine.clone().holds(), "no heartbeat of its own is needed");
}

#[test]
fn a_heartbeat_ends_only_claims_that_succeeded_before_it_was_sent() {
    let (lease, manual) = lease();
    lease.extend(Duration::from_secs(10));
    let (former, other) = (claimed(&lease, SHARD), claimed(&lease, OTHER));
    manual.advance(Duration::from_millis(1));
    let sent = lease.clock.boot_time();
    let (fresh, unknown) = (claimed(&lease, SHARD), lease.shard(SHARD));
    assert!(lease.lose(SHARD, sent));
    assert!(!former.holds() && former.is_lost());
    assert!(fresh.holds() && other.holds(), "a later claim, and another shard");
    unknown.claimed();
    assert!(unknown.holds(), "the heartbeat read the owner over which this claim was made");
    assert!(!lease.lose(SHARD, sent), "nothing more is lost");
    lease.extend(Duration::from_secs(13));
    assert!(!former.holds(), "what was lost stays so");
}

#[test]
fn a_node_that_was_declared_dead_loses_every_claim_also_those_in_progress_and_later_ones() {
    let (lease, _manual) = lease();
    lease.extend(Duration::from_secs(10));
    let (held, progress) = (claimed(&lease, SHARD), lease.shard(OTHER));
    lease.lose_all();
    progress.claimed();
    let later = claimed(&lease, SHARD);
    lease.extend(Duration::from_secs(10));
    for handle in [held, progress, later] {
        assert!(!handle.holds() && handle.is_lost());
    }
}

#[test]
fn a_node_that_leaves_has_no_lease_and_has_lost_nothing() {
    let (lease, _manual) = lease();
    lease.extend(Duration::from_secs(10));
    let mine = claimed(&lease, SHARD);
    lease.end_all();
    assert!(!mine.holds() && !mine.is_lost());
    assert!(!claimed(&lease, SHARD).holds());
}

#[test]
fn a_store_of_ones_own_needs_no_heartbeat() {
    let (clock, manual) = Clock::manual(WallTime(0));
    let mine = claimed(&Lease::exclusive(clock), SHARD);
    manual.advance(Duration::from_secs(1 << 40));
    assert!(mine.holds());
    mine.end();
    assert!(!mine.holds(), "released");
}

#[test]
fn handles_that_nobody_uses_are_forgotten() {
    let (lease, _manual) = lease();
    (0..100).for_each(|_| drop(lease.shard(SHARD)));
    let _held = lease.shard(SHARD);
    assert_eq!(lease.claims().handles.len(), 1);
}

#[tokio::test]
async fn a_loss_wakes_who_waits_for_it() {
    let (lease, _manual) = lease();
    let mut mine = claimed(&lease, SHARD);
    assert!(futures_util::FutureExt::now_or_never(mine.lost()).is_none());
    lease.lose_all();
    mine.lost().await;
}
