//! Batches and the fence.

use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;

use usher::ids::{OwnerToken, Seq, ShardId, TenantNo};
use usher::store::{AuditQuery, Batch, CommitError, Position, Store};

use super::audit::{everything, page};
use super::samples::{session, tenant};
use super::{Backend, SHARD, Writer, assert_same, event, fenced, installation, load, owner};

async fn assert_untouched(store: &dyn Store) {
    assert_eq!(load(store, SHARD).await, []);
    assert_eq!(page(store, everything(1)).await, []);
}

pub async fn a_stale_owner_is_fenced(backend: Backend) {
    let store = backend.start().await;
    let second = backend.open_second().await;
    let second = second.as_deref().unwrap_or(&*store);
    let mut stale = Writer::claim(&*store).await;
    let mut current = Writer::claim(second).await;
    fenced(stale.send(&stale.batch(vec![tenant(1)], vec![event(1, 1)])).await);
    assert_untouched(&*store).await;
    current.commit(vec![tenant(2)], vec![]).await;
    // The batch that the former owner would send next is fenced, too; and the connection still works for the present
    // owner.
    stale.position.seq = Seq(1);
    fenced(stale.send(&stale.batch(vec![tenant(1)], vec![event(1, 1)])).await);
    assert_same(&load(&*store, SHARD).await, &[tenant(2)]);
    current.commit(vec![tenant(3)], vec![]).await;
    assert_eq!(Writer::claim(&*store).await.position.seq, Seq(2));
}

pub async fn a_stranger_is_fenced(backend: Backend) {
    let store = backend.start().await;
    let writer = Writer::claim(&*store).await;
    let (epoch, token) = (writer.owner.epoch.0, writer.owner.token);
    for stranger in [owner(epoch, OwnerToken::random()), owner(epoch + 1, token), owner(epoch - 1, token)] {
        let batch = writer.batch(vec![tenant(1)], vec![event(1, 1)]);
        fenced(store.commit(SHARD, stranger, batch).await);
    }
    assert_untouched(&*store).await;
}

pub async fn a_batch_sent_twice_is_fenced(backend: Backend) {
    let store = backend.start().await;
    let mut writer = Writer::claim(&*store).await;
    let batch = writer.batch(vec![tenant(1)], vec![event(1, 1)]);
    writer.send(&batch).await.unwrap();
    fenced(writer.send(&batch).await);
    assert_eq!(page(&*store, everything(1)).await, [event(1, 1)]);
    writer.commit(vec![], vec![]).await;
    fenced(writer.send(&batch).await);
}

pub async fn a_gap_is_fenced(backend: Backend) {
    let store = backend.start().await;
    let mut writer = Writer::claim(&*store).await;
    for seq in [-1, 0, 2, 3, i64::MAX] {
        let position = Position { seq: Seq(seq), ..writer.position };
        let batch = Arc::new(Batch { position, rows: vec![tenant(1)], events: vec![event(1, 1)] });
        fenced(store.commit(SHARD, writer.owner, batch).await);
    }
    assert_untouched(&*store).await;
    writer.commit(vec![], vec![]).await;
}

pub async fn a_batch_without_rows_counts(backend: Backend) {
    let store = backend.start().await;
    let mut writer = Writer::claim(&*store).await;
    writer.commit(vec![], vec![]).await;
    writer.commit(vec![], vec![event(1, 1)]).await;
    assert_eq!(Writer::claim(&*store).await.position.seq, Seq(2));
}

pub async fn a_refused_batch_writes_nothing(backend: Backend) {
    let store = backend.start().await;
    let mut writer = Writer::claim(&*store).await;
    writer.commit(vec![tenant(7)], vec![event(1, 7)]).await;
    backend
        .sql(
            "CREATE TABLE refused (detail TEXT CHECK (detail <> 'no'));
             CREATE TRIGGER refuse BEFORE INSERT ON audit WHEN new.detail = 'no'
             BEGIN INSERT INTO refused VALUES (new.detail); END",
            "ALTER TABLE audit ADD CHECK (detail <> 'no')",
        )
        .await;
    let mut refused = event(3, 7);
    refused.detail = "no".into();
    // The audit is written last: everything before it must be rolled back.
    let batch = writer.batch(vec![tenant(1), tenant(8)], vec![event(2, 1), refused]);
    let sent = writer.send(&batch).await;
    assert!(matches!(sent, Err(CommitError::Refused(_))), "{sent:?}");
    assert_same(&load(&*store, SHARD).await, &[tenant(7)]);
    assert_eq!(page(&*store, everything(1)).await, []);
    // The fence is rolled back, too: the same number is free.
    writer.commit(vec![tenant(8)], vec![event(2, 7)]).await;
    assert_same(&load(&*store, SHARD).await, &[tenant(7), tenant(8)]);
}

pub async fn of_a_batch_nobody_waits_for_a_claim_tells_what_became(backend: Backend) {
    let store = backend.start().await;
    let writer = Writer::claim(&*store).await;
    let mut forgotten = store.commit(SHARD, writer.owner, writer.batch(vec![tenant(1)], vec![]));
    poll_fn(|cx| {
        let _ = forgotten.as_mut().poll(cx);
        Poll::Ready(())
    })
    .await;
    drop(forgotten);
    let mut writer = Writer::claim(&*store).await;
    let mut wanted = match writer.position.seq {
        Seq(0) => vec![],
        Seq(1) => vec![tenant(1)],
        other => panic!("{other:?}"),
    };
    assert_same(&load(&*store, SHARD).await, &wanted);
    // After a commit in the next epoch the outcome is final.
    writer.commit(vec![tenant(2)], vec![]).await;
    wanted.push(tenant(2));
    assert_same(&load(&*store, SHARD).await, &wanted);
}

pub async fn many_batches_add_up(backend: Backend) {
    let store = backend.start().await;
    let mut writer = Writer::claim(&*store).await;
    for no in 1..=100 {
        let rows = vec![tenant(no), session(1, no % 10, 0)];
        writer.commit(rows, vec![event(no.into(), 1)]).await;
    }
    let mut wanted: Vec<_> = (1..=100).map(tenant).collect();
    wanted.extend((0..10).map(|user| session(1, user, 0)));
    assert_same(&load(&*store, SHARD).await, &wanted);
    let query = AuditQuery { tenant: TenantNo(1), ..everything(1) };
    assert_eq!(page(&*store, query).await.len(), 100);
    assert_eq!(Writer::claim(&*store).await.position.seq, Seq(100));
}

pub async fn a_shards_rows_are_its_own(backend: Backend) {
    let store = backend.open().await;
    store.installation(installation(2)).await.unwrap();
    let mut first = Writer::claim_of(&*store, ShardId(0)).await;
    let mut second = Writer::claim_of(&*store, ShardId(1)).await;
    first.commit(vec![tenant(1), session(1, 1, 0)], vec![event(1, 1)]).await;
    second.commit(vec![tenant(1)], vec![event(1, 1), event(2, 1)]).await;
    assert_same(&first.load().await, &[tenant(1), session(1, 1, 0)]);
    assert_same(&second.load().await, &[tenant(1)]);
    assert_eq!(page(&*store, everything(1)).await.len(), 1);
    second.commit(vec![usher::ledger::change::Change::DeleteTenant(TenantNo(1))], vec![]).await;
    assert_eq!(first.load().await.len(), 2);
}
