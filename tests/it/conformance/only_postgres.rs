//! Properties of PostgreSQL only: a server that other processes use, too, and that can go away.

use secrecy::{ExposeSecret, SecretString};
use tokio_postgres::Client;
use usher::ids::{OwnerToken, Seq};
use usher::store::open::OpenError;
use usher::store::postgres::{DatabaseUrl, PostgresStore};
use usher::store::{ClaimError, CommitError, Installation, Store};

use super::samples::tenant;
use super::{Backend, SHARD, Writer, assert_same, load, soon};
use crate::support::postgres::{self, Cluster};

pub async fn fresh() -> (SecretString, DatabaseUrl) {
    let url = postgres::cluster().database().await;
    let parsed = DatabaseUrl::parse(&url).unwrap();
    (url, parsed)
}

async fn backend() -> (Backend, Client) {
    backend_on(postgres::cluster()).await
}

async fn backend_on(cluster: &Cluster) -> (Backend, Client) {
    let url = cluster.database().await;
    let client = postgres::connect(url.expose_secret()).await;
    (Backend::Postgres(url), client)
}

/// Waits until a statement with this tag waits for a lock.
pub async fn until_blocked(client: &Client, tag: &str) {
    let blocked = "SELECT count(*) FROM pg_stat_activity
        WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%' || $1 || '%'";
    let wait = async {
        while client.query_one(blocked, &[&tag]).await.unwrap().get::<_, i64>(0) == 0 {
            tokio::task::yield_now().await;
        }
    };
    soon(wait).await;
}

async fn kill_writers(client: &Client) {
    client
        .execute(
            "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity
             WHERE datname = current_database() AND application_name = 'usher'",
            &[],
        )
        .await
        .unwrap();
}

#[tokio::test]
async fn a_claim_waits_for_a_batch_in_flight() {
    let (backend, client) = backend().await;
    let store = backend.start().await;
    let former = Writer::claim(&*store).await.owner;
    // A batch of the former owner whose COMMIT is still on its way.
    client.batch_execute("BEGIN; UPDATE shards SET seq = seq + 1 WHERE shard_id = 0").await.unwrap();
    let watcher = match &backend {
        Backend::Postgres(url) => postgres::connect(url.expose_secret()).await,
        Backend::Sqlite(_) => unreachable!(),
    };
    let claim = store.claim(SHARD, Some(former), OwnerToken::random().into());
    let commit = async {
        until_blocked(&watcher, "usher:claim").await;
        client.batch_execute("COMMIT").await.unwrap();
    };
    let (claimed, ()) = tokio::join!(claim, commit);
    let (owner, position) = claimed.unwrap();
    assert_eq!((owner.epoch.0, position.seq), (2, Seq(1)));
}

/// Another first start commits after this one has found no installation, and before its next look: that is no damage.
#[tokio::test]
async fn a_first_start_that_another_one_overtakes_finds_what_that_made() {
    let (backend, client) = backend().await;
    let store = backend.open().await;
    let Backend::Postgres(url) = &backend else { unreachable!() };
    let watcher = postgres::connect(url.expose_secret()).await;
    client.batch_execute("BEGIN; LOCK TABLE shards").await.unwrap();
    let overtaken = store.installation(Installation::new(3));
    let overtake = async {
        until_blocked(&watcher, "usher:is_used").await;
        let found = "INSERT INTO shards
                (shard_id, epoch, owner_token, seq, tick_ms, wall_ms, wall_high_ms, last_tenant_no, last_event_no)
            VALUES (0, 0, '00000000-0000-0000-0000-000000000000', 0, 0, 0, 0, 0, 0);
            INSERT INTO installation (instance_id, secret, shards)
            VALUES ('00000000-0000-0000-0000-000000000007', decode(repeat('07', 32), 'hex'), 1);
            COMMIT";
        client.batch_execute(found).await.unwrap();
    };
    let (installation, ()) = tokio::join!(overtaken, overtake);
    assert_eq!(installation.map(|installation| installation.shards), Ok(1));
}

#[tokio::test]
async fn a_batch_behind_a_claim_is_fenced() {
    let (backend, client) = backend().await;
    let store = backend.start().await;
    let mut writer = Writer::claim(&*store).await;
    // A claim that is not committed yet when the batch arrives.
    client.batch_execute("BEGIN; UPDATE shards SET epoch = epoch + 1 WHERE shard_id = 0").await.unwrap();
    let batch = writer.batch(vec![tenant(1)], vec![]);
    let watcher = match &backend {
        Backend::Postgres(url) => postgres::connect(url.expose_secret()).await,
        Backend::Sqlite(_) => unreachable!(),
    };
    let commit = async {
        until_blocked(&watcher, "usher:fence").await;
        client.batch_execute("COMMIT").await.unwrap();
    };
    let (sent, ()) = tokio::join!(writer.send(&batch), commit);
    super::fenced(sent);
    assert_eq!(load(&*store, SHARD).await, []);
}

/// Recovers as the journal does: claims the shard over itself, compares `seq`, and sends again a batch that was not
/// committed.
#[tokio::test]
async fn a_lost_connection_loses_no_batch() {
    let (backend, client) = backend().await;
    let store = backend.start().await;
    let mut writer = Writer::claim(&*store).await;
    for no in 1..=10 {
        kill_writers(&client).await;
        let batch = writer.batch(vec![tenant(no)], vec![]);
        if let Err(error) = writer.send(&batch).await {
            assert!(matches!(error, CommitError::Unknown(_)), "{error}");
            let claimed = store.claim(SHARD, Some(writer.owner), OwnerToken::random().into()).await.unwrap();
            (writer.owner, writer.position) = claimed;
            if writer.position.seq < batch.position.seq {
                writer.send(&batch).await.unwrap();
            }
        }
    }
    assert_same(&load(&*store, SHARD).await, &(1..=10).map(tenant).collect::<Vec<_>>());
    assert_eq!(Writer::claim(&*store).await.position.seq, Seq(10));
}

/// The server ends the transaction of a batch halfway: it is killed while its fence waits for another transaction.
#[tokio::test]
async fn a_batch_killed_on_its_way_is_unknown() {
    let (backend, client) = backend().await;
    let store = backend.start().await;
    let mut writer = Writer::claim(&*store).await;
    client.batch_execute("BEGIN; SELECT FROM shards WHERE shard_id = 0 FOR UPDATE").await.unwrap();
    let watcher = match &backend {
        Backend::Postgres(url) => postgres::connect(url.expose_secret()).await,
        Backend::Sqlite(_) => unreachable!(),
    };
    let batch = writer.batch(vec![tenant(1)], vec![]);
    let kill = async {
        until_blocked(&watcher, "usher:fence").await;
        kill_writers(&watcher).await;
        client.batch_execute("ROLLBACK").await.unwrap();
    };
    let (sent, ()) = tokio::join!(writer.send(&batch), kill);
    let Err(CommitError::Unknown(why)) = sent else { panic!("{sent:?}") };
    assert!(why.0.contains("57P01"), "{why}");
    (writer.owner, writer.position) =
        store.claim(SHARD, Some(writer.owner), OwnerToken::random().into()).await.unwrap();
    assert_eq!(writer.position.seq, Seq(0));
    writer.send(&batch).await.unwrap();
    assert_eq!(load(&*store, SHARD).await, [tenant(1)]);
}

/// A process claims over the owner that it saw, and not over the one that it reads now: the next epoch would look
/// right.
#[tokio::test]
async fn a_claim_over_an_owner_that_cannot_be_is_damage() {
    let (backend, client) = backend().await;
    let store = backend.start().await;
    let former = Writer::claim(&*store).await.owner;
    client.batch_execute("UPDATE shards SET epoch = -1").await.unwrap();
    for over in [None, Some(super::owner(-1, former.token))] {
        let claimed = store.claim(SHARD, over, OwnerToken::random().into()).await;
        assert!(
            matches!(&claimed, Err(ClaimError::Damaged(what)) if what.0.contains("epoch is out of range")),
            "{claimed:?}"
        );
    }
}

/// A batch that is sent again would meet the same page.
#[tokio::test]
async fn damage_that_a_batch_meets_is_no_unknown_outcome() {
    let (backend, client) = backend().await;
    let store = backend.start().await;
    let mut writer = Writer::claim(&*store).await;
    let torn = "CREATE FUNCTION torn() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
            RAISE EXCEPTION 'invalid page in block 7' USING ERRCODE = 'data_corrupted'; END $$;
        CREATE TRIGGER torn BEFORE INSERT ON tenants FOR EACH ROW EXECUTE FUNCTION torn()";
    client.batch_execute(torn).await.unwrap();
    let batch = writer.batch(vec![tenant(1)], vec![]);
    let sent = writer.send(&batch).await;
    assert!(matches!(&sent, Err(CommitError::Damaged(why)) if why.0.contains("invalid page in block 7")), "{sent:?}");
}

#[tokio::test]
async fn an_unreachable_database_is_said_without_the_password() {
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let (url, _) = fresh().await;
    let wrong = url.expose_secret().replacen("usher:", "usher:hushhush", 1);
    let secret = url.expose_secret().split([':', '@']).nth(2).unwrap().to_owned();
    for url in [format!("postgres://ann:hushhush@{closed}/usher"), wrong] {
        let parsed = DatabaseUrl::parse(&url.into()).unwrap();
        let refused = PostgresStore::open(&parsed, true).await.map(|_| ()).unwrap_err();
        let text = format!("{refused} {refused:?}");
        assert!(matches!(refused, OpenError::Unreachable(_)), "{text}");
        assert!(!text.contains("hush") && !text.contains(&secret), "{text}");
    }
}

#[tokio::test]
async fn a_server_that_refuses_is_told_from_one_that_is_gone() {
    let (backend, client) = backend().await;
    let store = backend.start().await;
    let writer = Writer::claim(&*store).await;
    client.batch_execute("ALTER TABLE shards RENAME TO gone").await.unwrap();
    kill_writers(&client).await;
    let claimed = store.claim(SHARD, Some(writer.owner), OwnerToken::random().into()).await;
    assert!(matches!(claimed, Err(ClaimError::NotWritable(_))), "{claimed:?}");
    client.batch_execute("ALTER TABLE gone RENAME TO shards").await.unwrap();
    store.claim(SHARD, Some(writer.owner), OwnerToken::random().into()).await.unwrap();
}

/// A login rewrites one row. Without another index, and with room in the page, that changes no index.
#[tokio::test]
async fn updates_of_sessions_stay_in_their_page() {
    // Needs a server of its own: a page keeps its old rows as long as any writing transaction is open, in any database
    // of the server.
    let cluster = Cluster::start(false);
    let (backend, client) = backend_on(&cluster).await;
    let store = backend.start().await;
    let mut writer = Writer::claim(&*store).await;
    for _ in 0..30 {
        writer.commit((1..200).map(|user| super::samples::session(1, user, 0)).collect(), vec![]).await;
    }
    store.close().await;
    // The server updates its counters when a connection ends.
    let counted = "SELECT n_tup_upd, n_tup_hot_upd FROM pg_stat_user_tables WHERE relname = 'sessions'";
    let counts = async {
        loop {
            client.batch_execute("SELECT pg_stat_clear_snapshot()").await.unwrap();
            let row = client.query_one(counted, &[]).await.unwrap();
            let (updates, hot): (i64, i64) = (row.get(0), row.get(1));
            if updates == 29 * 199 {
                break (updates, hot);
            }
        }
    };
    let (updates, hot) = soon(counts).await;
    assert!(hot * 10 > updates * 8, "{hot} of {updates}");
}

/// A server that is full refuses the connection of a heartbeat, too, so a start that cannot have what it needs ends.
#[tokio::test]
async fn a_start_that_gets_too_few_connections_says_how_many_it_needs() {
    let (url, parsed) = fresh().await;
    let client = postgres::connect(url.expose_secret()).await;
    PostgresStore::open(&parsed, true).await.unwrap().installation(Installation::new(16)).await.unwrap();
    let role = format!("few_{}", client.query_one("SELECT current_database()", &[]).await.unwrap().get::<_, &str>(0));
    let grant = format!(
        "CREATE ROLE {role} LOGIN PASSWORD 'few' CONNECTION LIMIT 17;
        GRANT SELECT ON ALL TABLES IN SCHEMA public TO {role}"
    );
    client.batch_execute(&grant).await.unwrap();
    let (_, place) = url.expose_secret().split_once('@').unwrap();
    let few = DatabaseUrl::parse(&format!("postgres://{role}:few@{place}").into()).unwrap();
    let store = PostgresStore::open(&few, false).await.unwrap();
    store.limit_reads(2);
    let refused = store.installation(Installation::new(16)).await.unwrap_err().to_string();
    assert!(refused.contains("allows 17 connections (the role's CONNECTION LIMIT)"), "{refused}");
    assert!(refused.contains("16 shards needs at least 18"), "{refused}");
    client.batch_execute(&format!("ALTER ROLE {role} CONNECTION LIMIT 18")).await.unwrap();
    store.installation(Installation::new(16)).await.unwrap();
}
