//! A full disk: only a unit test can cause it, through the store's own connection.

use std::path::Path;
use std::sync::Arc;

use tokio::sync::mpsc;

use super::checkpoint::Checkpoint;
use super::*;
use crate::ids::{OwnerToken, PoolId, PoolNo, Seq, TenantNo};
use crate::ledger::change::PoolRow;

const SHARD: ShardId = ShardId(0);

fn batch(seq: i64, rows: u16) -> Arc<Batch> {
    // Writing the same row again would change no page.
    let id = PoolId::stored(&format!("{seq:01000}"));
    let rows = (0..rows).map(|no| Change::PutPool(PoolRow { tenant: TenantNo(1), no: PoolNo(no), id: id.clone() }));
    let position = Position { seq: Seq(seq), ..Position::default() };
    Arc::new(Batch { position, rows: rows.collect(), events: vec![] })
}

#[tokio::test]
async fn a_full_disk_is_unknown_and_then_forgotten() {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(folder.path()).unwrap();
    store.installation(Installation::new(1)).await.unwrap();
    let (owner, _) = store.claim(SHARD, None, OwnerToken::random().into()).await.unwrap();
    store.commit(SHARD, owner, batch(1, 1)).await.unwrap();
    // Limits the database to its present pages. A new connection has no such limit, as if the disk had space again.
    let full = store.writer.run(|database| {
        let connection = database.connection().unwrap();
        let pages: i64 = connection.query_row("PRAGMA page_count", [], |row| row.get(0)).unwrap();
        connection.query_row(&format!("PRAGMA max_page_count = {pages}"), [], |row| row.get::<_, i64>(0)).unwrap();
    });
    full.await.unwrap();
    let sent = store.commit(SHARD, owner, batch(2, 500)).await;
    let Err(CommitError::Unknown(why)) = sent else { panic!("{sent:?}") };
    assert!(why.0.contains("full"), "{why}");
    let (owner, position) = store.claim(SHARD, Some(owner), OwnerToken::random().into()).await.unwrap();
    assert_eq!(position.seq, Seq(1));
    store.commit(SHARD, owner, batch(2, 500)).await.unwrap();
    let (sender, mut receiver) = mpsc::channel(8);
    store.load(SHARD, sender).await.unwrap();
    assert_eq!(receiver.recv().await.map(|rows| rows.len()), Some(500));
}

/// Opens a copy of the files, as a crash at this moment leaves them, the way the next start does.
async fn opens_as_it_is(store: &SqliteStore, folder: &Path, without_log: bool) -> Result<(), OpenError> {
    // Work that follows the last answer is finished when the next job runs.
    store.writer.run(|_| ()).await.unwrap();
    let copy = tempfile::tempdir().unwrap();
    for name in ["usher.db", "usher.db-wal"].into_iter().take(if without_log { 1 } else { 2 }) {
        std::fs::copy(folder.join(name), copy.path().join(name)).unwrap();
    }
    prepared(copy.path()).map(drop)
}

fn log_pages(folder: &Path) -> u64 {
    std::fs::metadata(folder.join("usher.db-wal")).unwrap().len() / (4_096 + 24)
}

/// Logs follow each other, and the database always says that there is one; a reader delays that only for a while.
#[tokio::test]
async fn logs_follow_each_other_and_none_is_done_without() {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(folder.path()).unwrap();
    store.installation(Installation::new(1)).await.unwrap();
    let (owner, _) = store.claim(SHARD, None, OwnerToken::random().into()).await.unwrap();
    let mut sent = 0;
    let mut send = async |batches: i64, read: bool| {
        for _ in 0..batches {
            sent += 1;
            store.commit(SHARD, owner, batch(sent, 400)).await.unwrap();
        }
        opens_as_it_is(&store, folder.path(), false).await.unwrap();
        let robbed = opens_as_it_is(&store, folder.path(), true).await;
        // While a log is being read, a part of it may be in the database, whose mark then says only that.
        assert!(read || matches!(robbed, Err(OpenError::Damaged(_))), "after {sent} batches: {robbed:?}");
    };
    // Each call writes about 500 pages.
    for _ in 0..20 {
        send(2, false).await;
    }
    let pages = log_pages(folder.path());
    assert!((4_096..6_000).contains(&pages), "the log has {pages} pages");

    let mut reader = Database::new(folder.path().join("usher.db"), Mode::Read);
    let moment = reader.connection().unwrap().transaction().unwrap();
    moment.query_row("SELECT count(*) FROM shards", [], |_| Ok(())).unwrap();
    send(20, true).await;
    assert!(log_pages(folder.path()) > 8_000, "what is read stays");
    drop(moment);
    send(2, false).await;
    let long = log_pages(folder.path());
    send(40, false).await;
    assert_eq!(log_pages(folder.path()), long, "it goes on from the beginning");
}

/// A checkpoint beside the writer opens the files by their path: it leaves others alone that lie there by now.
#[tokio::test]
async fn a_checkpoint_leaves_another_database_alone() {
    let (folder, aside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let store = SqliteStore::open(folder.path()).unwrap();
    store.installation(Installation::new(1)).await.unwrap();
    let (owner, _) = store.claim(SHARD, None, OwnerToken::random().into()).await.unwrap();
    store.commit(SHARD, owner, batch(1, 400)).await.unwrap();
    let path = folder.path().join("usher.db");
    let files = store.writer.run(|database| database.files().cloned()).await.unwrap();
    let bytes = || std::fs::metadata(&path).unwrap().len();
    let before = bytes();
    // The same bytes in other files.
    for name in ["usher.db", "usher.db-wal"] {
        std::fs::rename(folder.path().join(name), aside.path().join(name)).unwrap();
        std::fs::copy(aside.path().join(name), folder.path().join(name)).unwrap();
    }
    Checkpoint::start(&path, files.clone()).unwrap().finish();
    assert_eq!(bytes(), before, "nothing was moved into it");
    for name in ["usher.db", "usher.db-wal"] {
        std::fs::rename(aside.path().join(name), folder.path().join(name)).unwrap();
    }
    Checkpoint::start(&path, files).unwrap().finish();
    assert!(bytes() > before, "the log is in the writer's database");
}
