//! Processes that share PostgreSQL: which are alive, and which owns each shard.

use secrecy::{ExposeSecret, SecretString};
use usher::ids::{NodeId, OwnerToken, Seq};
use usher::ledger::time::WallTime;
use usher::store::nodes::{
    FileHashes, Fingerprint, LockName, NewNode, NodeHeartbeat, NodeRef, NodeState, NodeStore, OwnerRow, PROTOCOL,
    PeerEndpoint,
};
use usher::store::postgres::{DatabaseUrl, PostgresStore};
use usher::store::{ClaimError, Claimant, Owner, Store};
use uuid::Uuid;

use super::{SHARD, Writer, installation};
use crate::support::postgres;

async fn two() -> [PostgresStore; 2] {
    two_on(&postgres::cluster().database().await).await
}

async fn two_on(url: &SecretString) -> [PostgresStore; 2] {
    let url = DatabaseUrl::parse(url).unwrap();
    let stores = [PostgresStore::open(&url, true).await.unwrap(), PostgresStore::open(&url, false).await.unwrap()];
    stores[0].installation(installation(1)).await.unwrap();
    stores
}

async fn join(store: &PostgresStore) -> NodeRef {
    let node = NodeRef { id: NodeId::random(), generation: 1 };
    store.join(new(node)).await.unwrap();
    node
}

fn new(node: NodeRef) -> NewNode {
    let peer = PeerEndpoint { address: "host:5552".into(), fingerprint: Fingerprint([9; 32]) };
    NewNode { node, host: "host".into(), version: "1", protocol: PROTOCOL, peer: Some(peer) }
}

fn heartbeat(node: NodeRef) -> NodeHeartbeat {
    NodeHeartbeat {
        node,
        state: NodeState::Active,
        lock: Some(LockName("boot 1 2".into())),
        wall: WallTime(-5),
        files: FileHashes { license_keys: "af03".into(), access: "".into() },
    }
}

fn by(node: NodeRef) -> Claimant {
    Claimant { token: OwnerToken::random(), node: Some(node) }
}

/// C2.
#[tokio::test]
async fn a_beat_shows_that_a_node_lives_and_reads_who_else_does() {
    let [first, second] = two().await;
    let (one, other) = (join(&first).await, join(&second).await);
    for count in 1..4 {
        let sighting = first.heartbeat(heartbeat(one)).await.unwrap();
        assert!(sighting.alive);
        let row = sighting.nodes.iter().find(|row| row.node == one).unwrap();
        assert_eq!((row.heartbeat, &*row.host), (count, "host"));
        // State and lock are as they were when the heartbeat was sent: the second one reads what the first one wrote.
        assert_eq!(row.state == NodeState::Active && row.lock == heartbeat(one).lock, count > 1);
    }
    let seen = second.heartbeat(heartbeat(other)).await.unwrap();
    let row = seen.nodes.iter().find(|row| row.node == one).unwrap();
    assert_eq!(row.heartbeat, 3);
    // Everything that a node says of itself is in its row.
    let NewNode { version, protocol, peer, .. } = new(one);
    assert_eq!((&*row.version, row.protocol, &row.peer), (version, protocol, &peer));
    let NodeHeartbeat { state, lock, wall, files, .. } = heartbeat(one);
    assert_eq!((row.state, &row.lock, row.wall, &row.files), (state, &lock, wall, &files));
    first.leave(one).await.unwrap();
    let seen = second.heartbeat(heartbeat(other)).await.unwrap();
    assert_eq!(seen.nodes.iter().map(|row| row.node).collect::<Vec<_>>(), [other]);
}

/// C3.
#[tokio::test]
async fn a_node_is_declared_dead_only_at_the_beat_at_which_it_was_seen() {
    let [first, second] = two().await;
    let (one, other) = (join(&first).await, join(&second).await);
    first.heartbeat(heartbeat(one)).await.unwrap();
    let seen =
        second.heartbeat(heartbeat(other)).await.unwrap().nodes.iter().find(|row| row.node == one).unwrap().heartbeat;
    first.heartbeat(heartbeat(one)).await.unwrap();
    assert!(!second.declare_dead(one, Some(seen)).await.unwrap(), "it has shown another beat since");
    assert!(first.heartbeat(heartbeat(one)).await.unwrap().alive);
    assert!(second.declare_dead(one, Some(seen + 2)).await.unwrap());
    assert!(!second.declare_dead(one, None).await.unwrap(), "it is dead already");
    assert!(!first.heartbeat(heartbeat(one)).await.unwrap().alive);
    // A process that joins removes dead processes that own nothing.
    join(&first).await;
    let seen = second.heartbeat(heartbeat(other)).await.unwrap();
    assert!(seen.nodes.iter().all(|row| row.node.id != one.id));
}

/// C5.
#[tokio::test]
async fn claims_and_releases_say_whose_a_shard_is() {
    let [first, second] = two().await;
    let (one, other) = (join(&first).await, join(&second).await);
    let row = async || second.heartbeat(heartbeat(other)).await.unwrap().owners[0];
    let fresh = row().await;
    assert!(fresh.owner.token.0.is_nil() && fresh.node.is_none());

    let (owner, _) = first.claim(SHARD, Some(fresh.owner), by(one)).await.unwrap();
    assert_eq!(row().await, OwnerRow { shard: SHARD, owner, node: Some(one), seq: None });
    // A claim over the former owner fails, because another process claimed first.
    let late = second.claim(SHARD, Some(fresh.owner), by(other)).await;
    assert!(matches!(late, Err(ClaimError::Taken(_))), "{late:?}");
    assert_eq!(first.release(SHARD, owner, None).await, Ok(true));
    let released = row().await;
    assert!(released.owner.token.0.is_nil() && released.node.is_none() && released.owner.epoch == owner.epoch);
    let (next, _) = second.claim(SHARD, Some(released.owner), by(other)).await.unwrap();
    assert_eq!(row().await, OwnerRow { shard: SHARD, owner: next, node: Some(other), seq: None });
}

/// C1.
#[tokio::test]
async fn a_released_shard_names_its_successor_and_is_anybodys() {
    let [first, second] = two().await;
    let (one, other) = (join(&first).await, join(&second).await);
    let row = async || second.heartbeat(heartbeat(other)).await.unwrap().owners[0];
    let (owner, _) = first.claim(SHARD, None, by(one)).await.unwrap();
    assert_eq!(first.release(SHARD, owner, Some(other)).await, Ok(true));
    let nobody = Owner { token: OwnerToken(Uuid::nil()), ..owner };
    assert_eq!(row().await, OwnerRow { shard: SHARD, owner: nobody, node: Some(other), seq: None });
    // A second release, as after a lost answer, changes nothing more.
    assert_eq!(first.release(SHARD, owner, Some(one)).await, Ok(false));
    assert_eq!(row().await.node, Some(other));
    // The successor's claim and anybody else's are the same compare-and-set: one wins.
    let (back, _) = first.claim(SHARD, Some(nobody), by(one)).await.unwrap();
    let late = second.claim(SHARD, Some(nobody), by(other)).await;
    assert!(matches!(late, Err(ClaimError::Taken(None))), "{late:?}");
    assert_eq!(row().await, OwnerRow { shard: SHARD, owner: back, node: Some(one), seq: None });
}

#[tokio::test]
async fn a_former_owner_learns_which_batch_was_its_last() {
    let [first, second] = two().await;
    let (one, other) = (join(&first).await, join(&second).await);
    let (owner, position) = first.claim(SHARD, None, by(one)).await.unwrap();
    let mut writer = Writer { store: &first, shard: SHARD, owner, position };
    writer.commit(vec![], vec![]).await;
    writer.commit(vec![], vec![]).await;
    let (next, _) = second.claim(SHARD, Some(owner), by(other)).await.unwrap();
    let again = first.claim(SHARD, Some(owner), by(one)).await;
    assert!(matches!(again, Err(ClaimError::Taken(Some(Seq(2))))), "{again:?}");
    // A release and the claim of the successor do not hide it: nobody wrote in between.
    assert_eq!(second.release(SHARD, next, Some(one)).await, Ok(true));
    let again = second.claim(SHARD, Some(next), by(other)).await;
    assert!(matches!(again, Err(ClaimError::Taken(Some(Seq(2))))), "{again:?}");
    let nobody = Owner { token: OwnerToken(Uuid::nil()), ..next };
    let (third, _) = first.claim(SHARD, Some(nobody), by(one)).await.unwrap();
    let again = second.claim(SHARD, Some(next), by(other)).await;
    assert!(matches!(again, Err(ClaimError::Taken(Some(Seq(2))))), "{again:?}");
    // After one more owner in between, the last batch is no longer known.
    second.claim(SHARD, Some(third), by(other)).await.unwrap();
    let again = first.claim(SHARD, Some(owner), by(one)).await;
    assert!(matches!(again, Err(ClaimError::Taken(None))), "{again:?}");
}

/// A process of a release without nodes writes nothing into `owners`.
#[tokio::test]
async fn an_owner_that_is_no_node_shows_its_batches() {
    let [first, second] = two().await;
    let other = join(&second).await;
    let (owner, position) = first.claim(SHARD, None, OwnerToken::random().into()).await.unwrap();
    let mut writer = Writer { store: &first, shard: SHARD, owner, position };
    for seq in 1..3 {
        writer.commit(vec![], vec![]).await;
        let row = second.heartbeat(heartbeat(other)).await.unwrap().owners[0];
        assert_eq!(row, OwnerRow { shard: SHARD, owner, node: None, seq: Some(Seq(seq)) });
    }
}

#[tokio::test]
async fn a_connection_that_was_given_up_is_another_one_afterwards() {
    let url = postgres::cluster().database().await;
    let [first, _] = two_on(&url).await;
    let one = join(&first).await;
    let before = first.heartbeat(heartbeat(one)).await.unwrap().connection;
    assert_eq!(first.heartbeat(heartbeat(one)).await.unwrap().connection, before);
    // A lock on the row makes the heartbeat wait until its timeout.
    let blocker = postgres::connect(url.expose_secret()).await;
    let row = format!("BEGIN; SELECT FROM nodes WHERE node_id = '{}' FOR UPDATE", one.id);
    blocker.batch_execute(&row).await.unwrap();
    assert!(first.heartbeat(heartbeat(one)).await.is_err());
    blocker.batch_execute("ROLLBACK").await.unwrap();
    let after = first.heartbeat(heartbeat(one)).await.unwrap();
    assert!(after.alive && after.connection != before);
}

/// A process of the release before writes and reads none of the newer columns, and goes on beside newer ones.
#[tokio::test]
async fn a_process_of_the_release_before_goes_on_beside() {
    let url = postgres::cluster().database().await;
    let [first, _] = two_on(&url).await;
    let one = join(&first).await;
    let client = postgres::connect(url.expose_secret()).await;
    let older = NodeRef { id: NodeId::random(), generation: 1 };
    let joins =
        "INSERT INTO nodes (node_id, generation, heartbeat, state, host, version) VALUES ($1, 1, 0, 0, 'old', '0')";
    client.execute(joins, &[&older.id.0]).await.unwrap();
    let beats = "UPDATE nodes SET heartbeat = heartbeat + 1, state = 1, lock_name = NULL WHERE node_id = $1";
    client.execute(beats, &[&older.id.0]).await.unwrap();
    let seen = first.heartbeat(heartbeat(one)).await.unwrap();
    let row = seen.nodes.iter().find(|row| row.node == older).unwrap();
    assert_eq!((row.heartbeat, row.protocol, &row.peer, row.wall), (1, 0, &None, WallTime(0)));
    assert_eq!(row.files, FileHashes::default());
}

/// Another process migrated the database beside this one, which may not serve from it any more (C16).
#[tokio::test]
async fn a_program_that_is_too_old_for_the_schema_does_not_join() {
    let url = postgres::cluster().database().await;
    let [first, second] = two_on(&url).await;
    let one = join(&first).await;
    let client = postgres::connect(url.expose_secret()).await;
    client.batch_execute("UPDATE compatibility SET oldest_program = 1000").await.unwrap();
    let other = NodeRef { id: NodeId::random(), generation: 1 };
    let refused = second.join(new(other)).await.unwrap_err();
    assert!(refused.0.contains("use the newer one; it knows schema version"), "{refused}");
    let seen = first.heartbeat(heartbeat(one)).await.unwrap();
    assert_eq!(seen.nodes.iter().map(|row| row.node).collect::<Vec<_>>(), [one]);
}
