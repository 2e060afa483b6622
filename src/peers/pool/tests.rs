//! Tests: how many calls a peer is sent at once.

use super::*;
use crate::ids::NodeId;
use crate::peers::tests::{peers, row};
use crate::store::nodes::{Fingerprint, NodeState};

/// A pool whose peer does not listen.
fn pool() -> (Arc<Pool>, crate::peers::Peers) {
    let (peers, node) = (peers(Timing::DEFAULT), NodeId::random());
    peers.follow(&[row(node, NodeState::Active, "127.0.0.1:1", Fingerprint([1; 32]))]);
    (peers.find(node).unwrap().pool, peers)
}

#[tokio::test]
async fn calls_that_a_peer_has_forwarded_never_wait_for_the_others() {
    let (pool, _peers) = pool();
    let count = |of: usize| u32::try_from(of).unwrap();
    let all = Arc::clone(&pool.calls).acquire_many_owned(count(MAX_CALLS)).await.unwrap();
    let refused = |found: Result<(Sender, Permit), Arc<io::Error>>| found.map(drop).unwrap_err().kind();
    assert_eq!(refused(pool.connection(true).await), io::ErrorKind::ConnectionRefused, "it has a place");
    assert!(pool.connection(false).now_or_never().is_none(), "it waits for one");
    drop(all);
    assert_eq!(refused(pool.connection(false).await), io::ErrorKind::ConnectionRefused);

    let _all = Arc::clone(&pool.relayed).acquire_many_owned(count(MAX_RELAYED)).await.unwrap();
    assert_eq!(refused(pool.connection(true).await), io::ErrorKind::QuotaExceeded);
    assert_eq!(pool.calls.available_permits(), MAX_CALLS, "whoever was refused holds no place");
    assert!(pool.connections.iter().all(|slot| slot.open.load(Ordering::Relaxed) == 0));
}

#[tokio::test]
async fn calls_share_a_connection_until_they_are_many() {
    let (pool, _peers) = pool();
    let of = |number: usize| pool.connections[number].open.store(SPREAD_AT, Ordering::Relaxed);
    let used = || pool.connections.iter().position(|slot| Arc::ptr_eq(slot, &pool.slot())).unwrap();
    assert_eq!(used(), 0);
    for number in 0..CONNECTIONS - 1 {
        of(number);
        assert_eq!(used(), number + 1);
    }
    of(CONNECTIONS - 1);
    pool.connections[2].open.store(SPREAD_AT + 1, Ordering::Relaxed);
    pool.connections[0].open.store(SPREAD_AT + 2, Ordering::Relaxed);
    assert_eq!(used(), 1, "the one that has least to do");
}
