//! The next owner of a shard follows it before it moves (C7).

use super::*;

#[tokio::test]
async fn a_shard_is_followed_from_where_its_owner_is() {
    let (_, peers, other) = pair().await;
    let (since, mut batches) = peers.follow_shard(other.node, ShardId(3)).await.unwrap();
    assert_eq!(since, Seq(4));
    for seq in 5..=7 {
        let got = batches.recv().await.unwrap();
        assert_eq!((got.seq, got.epoch, got.rows.len()), (Seq(seq), Epoch(2), usize::try_from(seq).unwrap()));
    }
    // The owner goes away.
    peers.follow(&[]);
    assert!(batches.recv().await.is_none());
    assert!(matches!(peers.follow_shard(other.node, ShardId(3)).await, Err(FollowError::NoPeer)));
}

#[tokio::test]
async fn a_shard_is_followed_only_at_its_owner_and_only_while_somebody_takes_its_batches() {
    let (_, peers, other) = pair().await;
    assert!(matches!(peers.follow_shard(other.node, ShardId(4)).await, Err(FollowError::NotOwned)));
    let followed = peers.follow_shard(other.node, ShardId(3)).await.unwrap();
    let link = peers.find(other.node).unwrap();
    assert_eq!(link.pool.open(), 1);
    drop(followed);
    while link.pool.open() > 0 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_successor_says_whether_it_is_ready() {
    let (_, peers, other) = pair().await;
    assert!(peers.prepare_shard(other.node, ShardId(3)).await);
    assert!(!peers.prepare_shard(other.node, ShardId(4)).await);
    assert!(!peers.prepare_shard(NodeId::random(), ShardId(3)).await);
}
