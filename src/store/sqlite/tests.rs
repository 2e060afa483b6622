//! A disk that fills up: only from within can a test fill it.

use std::sync::Arc;

use tokio::sync::mpsc;

use super::*;
use crate::ids::{OwnerToken, PoolId, PoolNo, Seq, TenantNo};
use crate::ledger::change::PoolRow;

const SHARD: ShardId = ShardId(0);

fn batch(seq: i64, rows: u16) -> Arc<Batch> {
    let id = PoolId::stored(&"x".repeat(1_000));
    let rows = (0..rows).map(|no| Change::PutPool(PoolRow { tenant: TenantNo(1), no: PoolNo(no), id: id.clone() }));
    let position = Position { seq: Seq(seq), ..Position::default() };
    Arc::new(Batch { position, rows: rows.collect(), events: vec![] })
}

#[tokio::test]
async fn a_full_disk_is_unknown_and_then_forgotten() {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(folder.path()).unwrap();
    store.founding(Founding::new(1)).await.unwrap();
    let (owner, _) = store.claim(SHARD, None, OwnerToken::random().into()).await.unwrap();
    store.commit(SHARD, owner, batch(1, 1)).await.unwrap();
    // No page more than there are. A new connection knows nothing of it: that is the disk with room again.
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
