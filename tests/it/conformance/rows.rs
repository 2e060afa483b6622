//! Rows are loaded as they were put.

use tokio::sync::mpsc;
use usher::ids::{LicenseId, OrganizationNo, PoolId, PoolNo, SessionNo, TenantNo, TokenId, UserNo};
use usher::ledger::change::{Change, OrganizationRow, PoolRow, SeatRow, SessionRow, TenantRow, UserRow};
use usher::ledger::license::LicenseRow;
use usher::ledger::license_floors::LicenseFloor;
use usher::ledger::notification::{NotificationRow, Topic};
use usher::ledger::token::TokenRow;

use super::audit::{everything, page};
use super::samples::{
    extremes, license, license_floor, notification, one_of_each, organization, pool, revision, seat, session, tenant,
    token, user, variants,
};
use super::{Backend, SHARD, Writer, assert_same, event};

pub async fn every_kind_of_row_survives(backend: Backend) {
    let store = backend.start().await;
    let mut writer = Writer::claim(&*store).await;
    let mut rows = one_of_each(1);
    rows.extend(variants());
    writer.commit(rows.clone(), vec![]).await;
    assert_same(&writer.load().await, &rows);
    store.close().await;
    drop(store);
    let store = backend.start().await;
    assert_same(&super::load(&*store, SHARD).await, &rows);
}

pub async fn extremes_survive(backend: Backend) {
    let store = backend.start().await;
    let mut writer = Writer::claim(&*store).await;
    writer.commit(extremes(), vec![]).await;
    assert_same(&writer.load().await, &extremes());
}

pub async fn putting_a_row_again_changes_nothing(backend: Backend) {
    let store = backend.start().await;
    let mut writer = Writer::claim(&*store).await;
    let rows = [one_of_each(1), extremes()].concat();
    for _ in 0..3 {
        writer.commit(rows.clone(), vec![]).await;
        assert_same(&writer.load().await, &rows);
    }
}

/// The same keys with every other value changed.
pub async fn a_put_writes_the_whole_row(backend: Backend) {
    let store = backend.start().await;
    let mut writer = Writer::claim(&*store).await;
    let mut rows = one_of_each(1);
    writer.commit(rows.clone(), vec![]).await;
    for (row, other) in rows.iter_mut().zip(extremes()) {
        *row = with_key_of(row, other);
    }
    writer.commit(rows.clone(), vec![]).await;
    assert_same(&writer.load().await, &rows);
    // And back again, with every NULL.
    writer.commit(one_of_each(1), vec![]).await;
    assert_same(&writer.load().await, &one_of_each(1));
}

fn with_key_of(key: &Change, row: Change) -> Change {
    match (key, row) {
        (Change::PutTenant(key), Change::PutTenant(row)) => Change::PutTenant(TenantRow { no: key.no, ..row }),
        (Change::PutLicense(key), Change::PutLicense(row)) => {
            Change::PutLicense(LicenseRow { tenant: key.tenant, id: key.id.clone(), revision: key.revision, ..row })
        }
        (Change::PutPool(key), Change::PutPool(row)) => {
            Change::PutPool(PoolRow { tenant: key.tenant, no: key.no, ..row })
        }
        (Change::PutOrganization(key), Change::PutOrganization(row)) => {
            Change::PutOrganization(OrganizationRow { tenant: key.tenant, no: key.no, ..row })
        }
        (Change::PutUser(key), Change::PutUser(row)) => {
            Change::PutUser(UserRow { tenant: key.tenant, no: key.no, ..row })
        }
        (Change::PutSeat(key), Change::PutSeat(row)) => {
            Change::PutSeat(SeatRow { tenant: key.tenant, user: key.user, pool: key.pool, ..row })
        }
        (Change::PutSession(key), Change::PutSession(row)) => {
            Change::PutSession(SessionRow { tenant: key.tenant, user: key.user, no: key.no, ..row })
        }
        (Change::PutNotification(key), Change::PutNotification(row)) => {
            Change::PutNotification(NotificationRow { tenant: key.tenant, topic: key.topic.clone(), ..row })
        }
        (Change::PutLicenseFloor(key), Change::PutLicenseFloor(row)) => {
            Change::PutLicenseFloor(LicenseFloor { tenant: key.tenant.clone(), license: key.license.clone(), ..row })
        }
        (Change::PutToken(key), Change::PutToken(row)) => Change::PutToken(TokenRow { id: key.id, ..row }),
        pair => panic!("{pair:?}"),
    }
}

fn deletions(no: u32) -> Vec<Change> {
    let tenant = TenantNo(no);
    vec![
        Change::DeleteLicense(tenant, LicenseId::stored("lic"), 2),
        Change::DeleteOrganization(tenant, OrganizationNo(1)),
        Change::DeleteUser(tenant, UserNo(1)),
        Change::DeleteSeat(tenant, UserNo(1), PoolNo(1)),
        Change::DeleteSession(tenant, UserNo(1), SessionNo(0)),
        Change::DeleteNotification(tenant, Topic::Exceeded(PoolId::stored("pool-1"))),
        Change::DeleteToken(TokenId(no.into())),
    ]
}

pub async fn a_deleted_row_is_gone(backend: Backend) {
    let store = backend.start().await;
    let mut writer = Writer::claim(&*store).await;
    writer.commit(one_of_each(1), vec![]).await;
    for change in deletions(1) {
        writer.commit(vec![change], vec![]).await;
    }
    assert_same(&writer.load().await, &[tenant(1), pool(1, 1), license_floor(1)]);
    writer.commit(one_of_each(1), vec![]).await;
    assert_same(&writer.load().await, &one_of_each(1));
}

pub async fn a_deletion_spares_its_neighbors(backend: Backend) {
    let store = backend.start().await;
    let mut writer = Writer::claim(&*store).await;
    // The same numbers in another tenant, and rows that differ from the deleted ones in one part of the key.
    let neighbors = vec![
        license(1, "lic2"),
        revision(1, "lic", 1),
        revision(1, "lic", 3),
        organization(1, 2),
        user(1, 2),
        seat(1, 1, 2),
        seat(1, 2, 1),
        session(1, 1, 1),
        session(1, 2, 0),
        notification(1, "pool-2"),
    ];
    writer.commit([one_of_each(1), one_of_each(2), neighbors.clone()].concat(), vec![]).await;
    // The deletions and a put are in one batch.
    writer.commit([deletions(1), vec![user(1, 7)]].concat(), vec![]).await;
    let kept = [one_of_each(2), neighbors, vec![tenant(1), pool(1, 1), user(1, 7), license_floor(1)]].concat();
    assert_same(&writer.load().await, &kept);
}

pub async fn deleting_what_is_not_there_is_harmless(backend: Backend) {
    let store = backend.start().await;
    let mut writer = Writer::claim(&*store).await;
    writer.commit([vec![Change::DeleteTenant(TenantNo(9))], deletions(9)].concat(), vec![]).await;
    assert_eq!(writer.load().await, []);
}

pub async fn a_tenants_deletion_covers_everything_but_the_audit(backend: Backend) {
    let store = backend.start().await;
    let mut writer = Writer::claim(&*store).await;
    let rows = [one_of_each(1), variants(), one_of_each(2), one_of_each(3)].concat();
    writer.commit(rows, vec![event(1, 1), event(2, 2)]).await;
    let gone = vec![Change::DeleteTenant(TenantNo(1)), Change::DeleteTenant(TenantNo(3)), tenant(4)];
    writer.commit(gone, vec![event(3, 1)]).await;
    let of_none = |row: &Change| matches!(row, Change::PutToken(_) | Change::PutLicenseFloor(_));
    let tokens: Vec<_> = variants().into_iter().filter(of_none).collect();
    let own = vec![tenant(4), token(1), license_floor(1), token(3), license_floor(3)];
    let kept = [one_of_each(2), own, tokens].concat();
    assert_same(&writer.load().await, &kept);
    assert_eq!(page(&*store, everything(1)).await, [event(3, 1), event(1, 1)]);
}

pub async fn a_large_shard_loads_whole_and_in_order(backend: Backend) {
    let store = backend.start().await;
    let mut writer = Writer::claim(&*store).await;
    let mut rows = Vec::new();
    for no in 1..=3 {
        rows.extend((1..=5_000).flat_map(|user_no| [user(no, user_no), seat(no, user_no, 1), session(no, user_no, 0)]));
        rows.extend([tenant(no), license(no, "lic"), pool(no, 1), organization(no, 1), notification(no, "pool-1")]);
        rows.extend([token(no.into()), license_floor(no.into())]);
    }
    writer.commit(rows.clone(), vec![]).await;
    let loaded = writer.load().await;
    assert_same(&loaded, &rows);
    let kinds = loaded.iter().map(|change| match change {
        Change::PutTenant(_) => 0,
        Change::PutLicense(_) => 1,
        Change::PutPool(_) => 2,
        Change::PutOrganization(_) => 3,
        Change::PutUser(_) => 4,
        Change::PutSeat(_) => 5,
        Change::PutSession(_) => 6,
        Change::PutNotification(_) => 7,
        Change::PutToken(_) => 8,
        Change::PutLicenseFloor(_) => 9,
        deletion => panic!("{deletion:?}"),
    });
    assert!(kinds.is_sorted());
}

pub async fn a_load_nobody_takes_ends(backend: Backend) {
    let store = backend.start().await;
    let mut writer = Writer::claim(&*store).await;
    writer.commit(one_of_each(1), vec![]).await;
    let (sender, receiver) = mpsc::channel(1);
    drop(receiver);
    assert!(store.load(SHARD, sender).await.is_err());
    writer.commit(vec![], vec![]).await;
    assert_same(&writer.load().await, &one_of_each(1));
}
