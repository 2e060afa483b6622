//! Ownership of a shard.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use usher::ids::{OwnerToken, ShardId};
use usher::store::{ClaimError, Installation, Position};

use super::samples::tenant;
use super::{Backend, SHARD, Writer, event, fenced, installation, load, owner, position};

/// The number of shards, the id and the secret of the installation are those of the first start, whatever a later one
/// wants.
pub async fn an_installation_is_made_once_and_stays(backend: Backend) {
    let first = Installation::new(3);
    let later = |shards| Installation::new(shards);
    let store = backend.open().await;
    assert_eq!(store.installation(first).await, Ok(first));
    assert_eq!(store.installation(later(5)).await, Ok(first));
    store.close().await;
    drop(store);
    let store = backend.open().await;
    assert_eq!(store.installation(later(7)).await, Ok(first));
    for shard in 0..3 {
        assert_eq!(load(&*store, ShardId(shard)).await, []);
    }
    assert!(store.claim(ShardId(3), None, OwnerToken::random().into()).await.is_err());
}

/// The installation is that of one of the two starts: never the shards of one with the id or the secret of the other.
pub async fn two_first_starts_agree(backend: Backend) {
    let first = backend.open().await;
    let second = backend.open_second().await;
    let second = second.as_deref().unwrap_or(&*first);
    let wanted = [3, 5].map(Installation::new);
    let (one, other) = tokio::join!(first.installation(wanted[0]), second.installation(wanted[1]));
    assert_eq!(one, other);
    assert!(wanted.contains(one.as_ref().unwrap()), "{one:?} is neither of {wanted:?}");
    assert_eq!(second.installation(Installation::new(9)).await, one);
}

/// Returns statements that undo the migrations of a store from a version on, latest first: they only add
/// tables and columns, and rename columns.
pub fn undone(store: &str, from: u32) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/store/migrations").join(store);
    let mut migrations: Vec<(u32, String)> = fs::read_dir(folder)
        .expect("migrations")
        .map(|file| file.expect("a file"))
        .filter_map(|file| {
            let name = file.file_name().into_string().ok()?;
            let (version, _) = name.strip_prefix('V')?.split_once("__")?;
            Some((version.parse().ok()?, fs::read_to_string(file.path()).expect("a text")))
        })
        .collect();
    migrations.sort_unstable();
    let later = migrations.iter().rev().filter(|(version, _)| *version >= from);
    let undo = |line: &str| match *line.trim_end_matches(';').split(' ').collect::<Vec<_>>() {
        ["CREATE", "TABLE", table, ..] => Some(format!("DROP TABLE {table}; ")),
        ["ALTER", "TABLE", table, "ADD", "COLUMN", column, ..] => {
            Some(format!("ALTER TABLE {table} DROP COLUMN {column}; "))
        }
        ["ALTER", "TABLE", table, "RENAME", "COLUMN", column, "TO", name] => {
            Some(format!("ALTER TABLE {table} RENAME COLUMN {name} TO {column}; "))
        }
        _ => None,
    };
    later.flat_map(|(_, sql)| sql.lines().rev()).filter_map(undo).collect()
}

/// A store of a release without secrets gets one with the migration, and keeps it; everything else stays.
pub async fn an_older_store_gets_a_secret(backend: Backend) {
    let store = backend.open().await;
    let first = store.installation(Installation::new(1)).await.unwrap();
    Writer::claim(&*store).await.commit(vec![tenant(1)], vec![event(1, 1)]).await;
    store.close().await;
    drop(store);
    let older = "ALTER TABLE installation DROP COLUMN secret; DELETE FROM refinery_schema_history WHERE version >= 4";
    backend.sql(&(undone("sqlite", 5) + older), &(undone("postgres", 5) + older)).await;

    let store = backend.open().await;
    let migrated = store.installation(Installation::new(2)).await.unwrap();
    assert_eq!(migrated, Installation { secret: migrated.secret, ..first });
    assert_ne!(migrated.secret, first.secret);
    let bytes: BTreeSet<_> = migrated.secret.bytes().iter().collect();
    assert!(bytes.len() > 16, "32 random bytes are hardly ever so few different ones: {}", bytes.len());
    assert_eq!(load(&*store, SHARD).await, [tenant(1)]);
    store.close().await;
    drop(store);
    assert_eq!(backend.open().await.installation(Installation::new(3)).await, Ok(migrated));
}

pub async fn a_fresh_shard_stands_at_zero(backend: Backend) {
    let store = backend.start().await;
    let token = OwnerToken::random();
    let claimed = store.claim(SHARD, None, token.into()).await.unwrap();
    assert_eq!(claimed, (owner(1, token), Position::default()));
}

pub async fn every_claim_adds_an_epoch(backend: Backend) {
    let store = backend.start().await;
    for epoch in 1..5 {
        assert_eq!(Writer::claim(&*store).await.owner.epoch.0, epoch);
    }
    store.close().await;
    drop(store);
    let store = backend.start().await;
    assert_eq!(Writer::claim(&*store).await.owner.epoch.0, 5);
}

pub async fn a_claim_over_a_former_owner_is_refused(backend: Backend) {
    let store = backend.start().await;
    let first = Writer::claim(&*store).await.owner;
    let (second, _) = store.claim(SHARD, Some(first), OwnerToken::random().into()).await.unwrap();
    assert_eq!(second.epoch.0, 2);
    for stale in [first, owner(2, first.token), owner(1, second.token), owner(3, second.token)] {
        let claimed = store.claim(SHARD, Some(stale), OwnerToken::random().into()).await;
        assert!(matches!(claimed, Err(ClaimError::Taken(_))), "{stale:?}: {claimed:?}");
    }
    let (third, _) = store.claim(SHARD, Some(second), OwnerToken::random().into()).await.unwrap();
    assert_eq!(third.epoch.0, 3);
}

pub async fn a_lost_answer_of_a_claim_is_asked_for_again(backend: Backend) {
    let store = backend.start().await;
    let first = Writer::claim(&*store).await.owner;
    let token = OwnerToken::random();
    let (second, _) = store.claim(SHARD, Some(first), token.into()).await.unwrap();
    assert_eq!(store.claim(SHARD, Some(first), token.into()).await.unwrap().0, second);
    assert_eq!(store.claim(SHARD, None, token.into()).await.unwrap().0, second);
    assert_eq!(second, owner(2, token));
}

pub async fn of_two_claims_at_once_one_wins(backend: Backend) {
    let store = backend.start().await;
    let second = backend.open_second().await;
    let second = second.as_deref().unwrap_or(&*store);
    let mut former = Writer::claim(&*store).await.owner;
    for _ in 0..20 {
        let (one, other) = (OwnerToken::random(), OwnerToken::random());
        let claims =
            tokio::join!(store.claim(SHARD, Some(former), one.into()), second.claim(SHARD, Some(former), other.into()));
        former = match claims {
            (Ok((winner, _)), Err(ClaimError::Taken(_))) | (Err(ClaimError::Taken(_)), Ok((winner, _))) => winner,
            claims => panic!("{claims:?}"),
        };
    }
    assert_eq!(former.epoch.0, 21);
}

pub async fn a_claim_answers_where_the_shard_stands(backend: Backend) {
    let store = backend.start().await;
    let mut first = Writer::claim(&*store).await;
    first.position = position(0);
    first.commit(vec![], vec![]).await;
    assert_eq!(Writer::claim(&*store).await.position, position(1));
    store.close().await;
    drop(store);
    let store = backend.start().await;
    assert_eq!(Writer::claim(&*store).await.position, position(1));
}

pub async fn a_claim_of_an_unknown_shard_fails(backend: Backend) {
    let store = backend.start().await;
    let claimed = store.claim(ShardId(1), None, OwnerToken::random().into()).await;
    assert!(matches!(claimed, Err(ClaimError::Damaged(_))), "{claimed:?}");
    let first = Writer::claim(&*store).await;
    let stranger = Writer { shard: ShardId(1), ..first };
    fenced(store.commit(ShardId(1), stranger.owner, stranger.batch(vec![], vec![])).await);
}

pub async fn shards_have_their_own_owners(backend: Backend) {
    let store = backend.open().await;
    store.installation(installation(2)).await.unwrap();
    let mut first = Writer::claim_of(&*store, ShardId(0)).await;
    let mut second = Writer::claim_of(&*store, ShardId(1)).await;
    let batches = (first.batch(vec![], vec![]), second.batch(vec![], vec![]));
    let (one, other) = tokio::join!(first.send(&batches.0), second.send(&batches.1));
    one.unwrap();
    other.unwrap();
    fenced(store.commit(ShardId(0), second.owner, second.batch(vec![], vec![])).await);
    fenced(store.commit(ShardId(1), first.owner, first.batch(vec![], vec![])).await);
}

pub async fn a_release_is_the_owners_alone(backend: Backend) {
    let store = backend.start().await;
    let former = Writer::claim(&*store).await.owner;
    let mut writer = Writer::claim(&*store).await;
    // A release by a former owner has no effect.
    assert_eq!(store.release(SHARD, former, None).await, Ok(false));
    writer.commit(vec![], vec![]).await;
    assert_eq!(store.release(SHARD, writer.owner, None).await, Ok(true));
    assert_eq!(store.release(SHARD, writer.owner, None).await, Ok(false), "it is released already");
    fenced(store.commit(SHARD, writer.owner, writer.batch(vec![tenant(1)], vec![event(1, 1)])).await);
    let claimed = store.claim(SHARD, Some(writer.owner), OwnerToken::random().into()).await;
    assert!(matches!(claimed, Err(ClaimError::Taken(_))), "{claimed:?}");
    let next = Writer::claim(&*store).await;
    assert_eq!((next.owner.epoch.0, next.position.seq.0), (3, 1));
    assert_eq!(next.load().await, []);
}

pub async fn a_closed_store_answers(backend: Backend) {
    let store = backend.start().await;
    let writer = Writer::claim(&*store).await;
    store.close().await;
    store.close().await;
    assert!(store.installation(installation(1)).await.is_err());
    assert!(matches!(store.claim(SHARD, None, OwnerToken::random().into()).await, Err(ClaimError::Unavailable(_))));
    let sent = store.commit(SHARD, writer.owner, writer.batch(vec![], vec![])).await;
    assert!(matches!(sent, Err(usher::store::CommitError::Unknown(_))), "{sent:?}");
}
