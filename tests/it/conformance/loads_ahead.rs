//! A process that does not own a shard can load it, while the owner goes on.

use tokio::sync::mpsc;
use usher::ids::TenantNo;
use usher::ledger::change::Change;
use usher::store::LoadPart;

use super::samples::{one_of_each, tenant};
use super::{Backend, SHARD, Writer, assert_same, soon};

/// More rows of one table than a load keeps ready before somebody takes them.
const TENANTS: u32 = 10_000;

pub async fn a_load_ahead_shows_one_moment(backend: Backend) {
    let store = backend.start().await;
    let second = backend.open_second().await;
    let reader = second.as_deref().unwrap_or(&*store);
    let mut writer = Writer::claim(&*store).await;
    let mut rows: Vec<Change> = (1..TENANTS).map(tenant).collect();
    rows.extend(one_of_each(TENANTS));
    writer.commit(rows.clone(), vec![]).await;
    let (position, owner) = (writer.position, writer.owner);

    let (sender, mut parts) = mpsc::channel(1);
    let follow = async {
        let Some(LoadPart::Position(found, at)) = parts.recv().await else { panic!("the position comes first") };
        assert_eq!((found, *at), (owner, position));
        // The other tables are read after this.
        writer.commit((1..=TENANTS).map(|no| Change::DeleteTenant(TenantNo(no))).collect(), vec![]).await;
        let mut all = Vec::new();
        while let Some(part) = parts.recv().await {
            let LoadPart::Rows(rows) = part else { panic!("the position comes once") };
            all.extend(rows);
        }
        all
    };
    let (loaded, all) = soon(async { tokio::join!(reader.load_ahead(SHARD, sender), follow) }).await;
    loaded.expect("a load");
    assert_same(&all, &rows);
}

/// The one who loaded goes on to claim, with the same connection.
pub async fn a_load_ahead_that_is_given_up_leaves_nothing_behind(backend: Backend) {
    let store = backend.start().await;
    let mut writer = Writer::claim(&*store).await;
    writer.commit((1..=TENANTS).map(tenant).collect(), vec![]).await;
    let (sender, mut parts) = mpsc::channel(1);
    let given_up = async {
        tokio::select! {
            loaded = store.load_ahead(SHARD, sender) => panic!("nobody takes the rows: {loaded:?}"),
            first = parts.recv() => assert!(matches!(first, Some(LoadPart::Position(..)))),
        }
    };
    soon(given_up).await;
    drop(parts);
    let mut next = soon(Writer::claim(&*store)).await;
    assert_eq!(next.position, writer.position);
    soon(next.commit(one_of_each(TENANTS + 1), vec![])).await;
}
