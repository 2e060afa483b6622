//! An installation of two databases: each has its range of the shards, and is the other one's stranger.

use secrecy::ExposeSecret;
use usher::ids::{OwnerToken, ShardId, TenantNo};
use usher::store::open::OpenError;
use usher::store::postgres::{DatabaseUrl, PostgresCells, PostgresStore};
use usher::store::{AuditQuery, Installation, Store};

use super::only_postgres::fresh;
use super::samples::tenant;
use super::{Writer, assert_same, event, load};
use crate::support::postgres;

const SHARDS: u16 = 5;

/// Two databases, of which the first has the shards 0 to 2, and the second 3 and 4.
struct Two {
    texts: [String; 2],
    urls: [DatabaseUrl; 2],
}

impl Two {
    async fn new() -> Self {
        let [(one, first), (two, second)] = [fresh().await, fresh().await];
        Self { texts: [one, two].map(|url| url.expose_secret().to_owned()), urls: [first, second] }
    }

    async fn open(&self) -> PostgresCells {
        PostgresCells::open(&self.urls, true).await.expect("a store")
    }

    async fn start(&self) -> PostgresCells {
        let store = self.open().await;
        store.installation(Installation::new(SHARDS)).await.expect("an installation");
        store
    }

    async fn run(&self, cell: usize, sql: &str) {
        postgres::connect(&self.texts[cell]).await.batch_execute(sql).await.expect(sql);
    }

    /// The shards of which a table of this database has rows.
    async fn shards_of(&self, cell: usize, table: &str) -> Vec<i16> {
        let sql = format!("SELECT DISTINCT shard_id FROM {table} ORDER BY 1");
        let rows = postgres::connect(&self.texts[cell]).await.query(&sql, &[]).await.expect("rows");
        rows.iter().map(|row| row.get(0)).collect()
    }
}

/// Why databases are refused.
async fn refused(urls: &[&DatabaseUrl]) -> String {
    let urls: Vec<DatabaseUrl> = urls.iter().map(|url| (*url).clone()).collect();
    match PostgresCells::open(&urls, true).await.map(drop) {
        Err(OpenError::Address(error)) => error.0,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn each_database_has_its_own_shards_only() {
    let two = Two::new().await;
    let store = two.start().await;
    for shard in (0..SHARDS).map(ShardId) {
        let no = u32::from(shard.0) + 1;
        Writer::claim_of(&store, shard).await.commit(vec![tenant(no)], vec![event(1, no)]).await;
    }
    for table in ["shards", "owners", "audit_floor", "tenants", "audit"] {
        assert_eq!(two.shards_of(0, table).await, [0, 1, 2], "{table}");
        assert_eq!(two.shards_of(1, table).await, [3, 4], "{table}");
    }
    // Another handle finds everything.
    let store = two.start().await;
    for shard in (0..SHARDS).map(ShardId) {
        let no = u32::from(shard.0) + 1;
        assert_same(&load(&store, shard).await, &[tenant(no)]);
        let page = store.audit(AuditQuery::all(shard, TenantNo(no), 10)).await.unwrap();
        assert_eq!(page.events, [event(1, no)], "shard {shard}");
    }
    assert!(store.claim(ShardId(SHARDS), None, OwnerToken::random().into()).await.is_err());
    store.close().await;
    assert!(store.audit(AuditQuery::all(ShardId(4), TenantNo(5), 10)).await.is_err(), "both are closed");
}

#[tokio::test]
async fn the_installation_is_the_same_in_both_and_stays() {
    let two = Two::new().await;
    let first = Installation::new(SHARDS);
    let (one, other) = (two.open().await, two.open().await);
    let (one, other) = tokio::join!(one.installation(first), other.installation(Installation::new(7)));
    assert_eq!(one, other, "of two first starts at once one decides");
    assert_eq!(two.open().await.installation(Installation::new(9)).await, one);
}

#[tokio::test]
async fn other_databases_than_those_of_the_first_start_are_refused() {
    let two = Two::new().await;
    two.start().await;
    let [first, second] = &two.urls;
    let (_, empty) = fresh().await;
    let foreign = Two::new().await;
    foreign.start().await;
    for (urls, cell, why) in [
        (vec![second, first], 0, "is cell 1: the order is that of the first start"),
        (vec![first], 0, "is one of 2 databases, fixed at the first start, and 1 given"),
        (vec![second], 0, "is one of 2 databases"),
        (vec![first, second, &empty], 0, "is one of 2 databases, fixed at the first start, and 3 given"),
        (vec![first, &empty], 1, "is empty, and the other databases belong to installation"),
        (vec![first, &foreign.urls[1]], 1, "belongs to another installation"),
    ] {
        let said = refused(&urls).await;
        let start = format!("--database-url: the database of cell {cell}, postgres://usher@");
        assert!(said.starts_with(&start) && said.contains(why), "{said}");
        assert!(!said.contains(postgres::cluster().password()), "{said}");
    }
    // Nor is one of them a whole installation for a program that opens it alone.
    let alone = PostgresStore::open(first, true).await.unwrap();
    assert!(alone.installation(Installation::new(1)).await.is_err());
    // A database of its own does not become one of two.
    let (_, single) = fresh().await;
    let store = PostgresCells::open(std::slice::from_ref(&single), true).await.unwrap();
    store.installation(Installation::new(4)).await.unwrap();
    assert!(refused(&[&single, &empty]).await.contains("is one of 1 database, fixed at the first start, and 2 given"));
}

/// The first cell's record is made last: a start that died before it goes on, unless anybody has served since.
#[tokio::test]
async fn a_first_start_that_died_goes_on() {
    let two = Two::new().await;
    let installation = two.start().await.installation(Installation::new(SHARDS)).await;
    let died = "TRUNCATE installation, shards, owners, audit_floor";
    two.run(0, died).await;
    assert_eq!(two.open().await.installation(Installation::new(SHARDS)).await, installation);
    let store = two.start().await;
    Writer::claim_of(&store, ShardId(4)).await;
    two.run(0, died).await;
    let said = refused(&[&two.urls[0], &two.urls[1]]).await;
    assert!(said.starts_with("--database-url: the database of cell 0, ") && said.contains("is empty"), "{said}");
}

#[tokio::test]
async fn every_database_has_a_shard() {
    let two = Two::new().await;
    let said = two.open().await.installation(Installation::new(1)).await.unwrap_err().to_string();
    assert_eq!(said, "--shards: 1 are too few for 2 databases, each of which has at least one");
    assert_eq!(two.start().await.installation(Installation::new(1)).await.unwrap().shards, SHARDS, "nothing was made");
}

/// A program that knows of no cells would serve a part of the installation as the whole.
#[tokio::test]
async fn a_program_without_cells_may_not_serve() {
    let two = Two::new().await;
    two.start().await;
    for url in &two.texts {
        let client = postgres::connect(url).await;
        let rows = "SELECT oldest_program, version FROM compatibility, refinery_schema_history WHERE name = 'cells'";
        let row = client.query_one(rows, &[]).await.expect("a row");
        let (oldest, cells): (i32, i32) = (row.get(0), row.get(1));
        assert!(oldest >= cells, "{oldest}, {cells}");
    }
}
