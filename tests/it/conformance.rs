//! One suite for both stores: the properties of a store on which the journal relies.

pub mod audit;
mod audit_blocks;
mod audit_expiry;
mod batches;
mod cells;
mod distributed;
mod followed_batches;
mod loads_ahead;
mod migrations;
mod nodes;
mod only_postgres;
mod only_sqlite;
mod ownership;
mod rows;
mod samples;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use tempfile::TempDir;
use tokio::sync::mpsc;
use tokio::time::timeout;
use usher::ids::{Epoch, EventNo, OwnerToken, Seq, ShardId, TenantNo};
use usher::ledger::change::{Action, Actor, AuditEvent, Change};
use usher::ledger::continuity::{Boot, Continuity};
use usher::ledger::time::{Tick, WallTime};
use usher::ledger::wall_line::ClockOffset;
use usher::store::postgres::{DatabaseUrl, PostgresStore};
use usher::store::sqlite::SqliteStore;
use usher::store::{Batch, CommitError, Owner, Position, Store};

use crate::support::memory::installation;
use crate::support::postgres;

/// Declares a test of every property on each store.
macro_rules! suite {
    ($($file:ident { $($property:ident,)+ })+) => {
        mod on_sqlite {
            $($(#[tokio::test]
            async fn $property() {
                super::$file::$property(super::Backend::sqlite()).await;
            })+)+
        }
        mod on_postgres {
            $($(#[tokio::test]
            async fn $property() {
                super::$file::$property(super::Backend::postgres().await).await;
            })+)+
        }
    };
}

suite! {
    ownership {
        an_installation_is_made_once_and_stays,
        two_first_starts_agree,
        an_older_store_gets_a_secret,
        a_fresh_shard_stands_at_zero,
        every_claim_adds_an_epoch,
        a_claim_over_a_former_owner_is_refused,
        a_lost_answer_of_a_claim_is_asked_for_again,
        of_two_claims_at_once_one_wins,
        a_claim_answers_where_the_shard_stands,
        a_claim_of_an_unknown_shard_fails,
        shards_have_their_own_owners,
        a_release_is_the_owners_alone,
        a_closed_store_answers,
    }
    batches {
        a_stale_owner_is_fenced,
        a_stranger_is_fenced,
        a_batch_sent_twice_is_fenced,
        a_gap_is_fenced,
        a_batch_without_rows_counts,
        a_refused_batch_writes_nothing,
        of_a_batch_nobody_waits_for_a_claim_tells_what_became,
        many_batches_add_up,
        a_shards_rows_are_its_own,
    }
    rows {
        every_kind_of_row_survives,
        extremes_survive,
        putting_a_row_again_changes_nothing,
        a_put_writes_the_whole_row,
        a_deleted_row_is_gone,
        a_deletion_spares_its_neighbors,
        deleting_what_is_not_there_is_harmless,
        a_tenants_deletion_covers_everything_but_the_audit,
        a_large_shard_loads_whole_and_in_order,
        a_load_nobody_takes_ends,
    }
    loads_ahead {
        a_load_ahead_shows_one_moment,
        a_load_ahead_that_is_given_up_leaves_nothing_behind,
    }
    audit {
        events_come_newest_first,
        each_filter_holds,
        filters_add_up,
        pages_follow_each_other,
        an_events_count_grows,
        an_events_extremes_survive,
        events_stay_with_their_tenant,
        many_events_of_many_tenants_are_found,
    }
    audit_blocks {
        every_query_finds_what_a_walk_through_everything_finds,
        few_blocks_are_looked_into,
        an_answer_is_a_bounded_amount_of_work,
    }
    audit_expiry {
        old_events_go_in_small_steps_and_young_ones_stay,
        a_wrong_clock_deletes_nothing_too_early,
        a_quiet_shard_forgets_too,
    }
}

pub const SHARD: ShardId = ShardId(0);

/// The place of a test's store.
pub enum Backend {
    Sqlite(TempDir),
    Postgres(SecretString),
}

impl Backend {
    pub fn sqlite() -> Self {
        Self::Sqlite(tempfile::tempdir().expect("a temporary folder"))
    }

    pub async fn postgres() -> Self {
        Self::Postgres(postgres::cluster().database().await)
    }

    /// Opens a store with one shard.
    pub async fn start(&self) -> Box<dyn Store> {
        let store = self.open().await;
        assert_eq!(store.installation(installation(1)).await.map(|installation| installation.shards), Ok(1));
        store
    }

    pub async fn open(&self) -> Box<dyn Store> {
        match self {
            Self::Sqlite(folder) => Box::new(open_sqlite(folder.path())),
            Self::Postgres(url) => {
                let url = DatabaseUrl::parse(url).expect("a URL");
                Box::new(PostgresStore::open(&url, true).await.expect("a store"))
            }
        }
    }

    /// Opens a second handle, as another process would have. `None` on SQLite, whose directory belongs to one process:
    /// there two owners share a handle.
    pub async fn open_second(&self) -> Option<Box<dyn Store>> {
        match self {
            Self::Sqlite(_) => None,
            Self::Postgres(_) => Some(self.open().await),
        }
    }

    /// Runs a test's own SQL beside the store: `sqlite` or `postgres`, for the store in use.
    pub async fn sql(&self, sqlite: &str, postgres: &str) {
        match self {
            Self::Sqlite(folder) => {
                let connection = rusqlite::Connection::open(folder.path().join("usher.db")).expect("the database");
                connection.execute_batch(sqlite).expect(sqlite);
            }
            Self::Postgres(url) => {
                let client = postgres::connect(url.expose_secret()).await;
                client.batch_execute(postgres).await.expect(postgres);
            }
        }
    }
}

/// Version of the newest schema: each migration is a file.
pub fn newest_version() -> i32 {
    let migrations = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/store/migrations/sqlite");
    std::fs::read_dir(migrations).expect("migrations").count().try_into().expect("a version")
}

pub fn open_sqlite(folder: &Path) -> SqliteStore {
    SqliteStore::open(folder).expect("a store")
}

/// An owner, and the position of its shard as it knows it.
pub struct Writer<'a> {
    pub store: &'a dyn Store,
    pub shard: ShardId,
    pub owner: Owner,
    pub position: Position,
}

impl<'a> Writer<'a> {
    /// Claims the first shard, whichever process owns it.
    pub async fn claim(store: &'a dyn Store) -> Self {
        Self::claim_of(store, SHARD).await
    }

    pub async fn claim_of(store: &'a dyn Store, shard: ShardId) -> Self {
        let (owner, position) = store.claim(shard, None, OwnerToken::random().into()).await.expect("a claim");
        Self { store, shard, owner, position }
    }

    /// The next batch.
    pub fn batch(&self, rows: Vec<Change>, events: Vec<AuditEvent>) -> Arc<Batch> {
        let position = Position { seq: Seq(self.position.seq.0 + 1), ..self.position };
        Arc::new(Batch { position, rows, events })
    }

    pub async fn send(&mut self, batch: &Arc<Batch>) -> Result<(), CommitError> {
        self.store.commit(self.shard, self.owner, batch.clone()).await?;
        self.position = batch.position;
        Ok(())
    }

    pub async fn commit(&mut self, rows: Vec<Change>, events: Vec<AuditEvent>) {
        self.send(&self.batch(rows, events)).await.expect("a commit");
    }

    pub async fn load(&self) -> Vec<Change> {
        load(self.store, self.shard).await
    }
}

pub async fn load(store: &dyn Store, shard: ShardId) -> Vec<Change> {
    let (sender, mut receiver) = mpsc::channel(2);
    let collect = async {
        let mut all = Vec::new();
        while let Some(chunk) = receiver.recv().await {
            all.extend(chunk);
        }
        all
    };
    let (loaded, all) = tokio::join!(store.load(shard, sender), collect);
    loaded.expect("a load");
    all
}

/// Checks that the rows are the same, in any order.
pub fn assert_same(found: &[Change], wanted: &[Change]) {
    // Compared as rows: their text does not show the hash of a token.
    let sorted = |rows: &[Change]| {
        let mut rows = rows.to_vec();
        rows.sort_by_cached_key(|row| format!("{row:?}"));
        rows
    };
    assert_eq!(sorted(found), sorted(wanted));
}

/// Waits for something that happens soon; fails after a minute, so that a broken store does not hang the tests.
pub async fn soon<T>(wait: impl Future<Output = T>) -> T {
    timeout(Duration::from_secs(60), wait).await.expect("nothing happened for a minute")
}

pub fn fenced(result: Result<(), CommitError>) {
    assert!(matches!(result, Err(CommitError::Fenced)), "{result:?}");
}

pub fn event(no: u64, tenant: u32) -> AuditEvent {
    AuditEvent {
        no: EventNo(no),
        tenant: TenantNo(tenant),
        at: WallTime(1_000 * i64::try_from(no).expect("a small number")),
        actor: Actor("login".into()),
        action: Action::TenantUpdated,
        reason: None,
        user: None,
        pool: None,
        session: None,
        organization: None,
        count: 1,
        detail: "".into(),
    }
}

/// A position in which every number is different.
pub fn position(seq: i64) -> Position {
    Position {
        seq: Seq(seq),
        tick: Tick(11),
        wall: WallTime(-12),
        wall_high: WallTime(13),
        last_tenant: TenantNo(14),
        last_event: EventNo(15),
        continuity: Continuity::new(Some(Boot { id: 16, at: 17 }), &[ClockOffset { from: Tick(18), ms: -19 }]),
    }
}

pub fn owner(epoch: i64, token: OwnerToken) -> Owner {
    Owner { epoch: Epoch(epoch), token }
}
