//! Properties of the embedded store only: its directory.

use std::os::unix::fs::PermissionsExt;

use usher::store::Store;
use usher::store::open::{Migrated, OpenError};
use usher::store::sqlite::{SqliteStore, migrate};

use super::{Writer, installation, newest_version, open_sqlite, samples};

#[tokio::test]
async fn a_directory_has_one_process() {
    let folder = tempfile::tempdir().unwrap();
    let store = open_sqlite(folder.path());
    let refused = SqliteStore::open(folder.path()).map(|_| ()).unwrap_err();
    let text = refused.to_string();
    assert!(matches!(refused, OpenError::DirectoryInUse { .. }), "{text}");
    assert!(text.contains(&format!("pid {}", std::process::id())), "{text}");
    assert!(matches!(migrate(folder.path()), Err(OpenError::DirectoryInUse { .. })));
    store.close().await;
    open_sqlite(folder.path());
}

#[tokio::test]
async fn the_directory_is_made_for_its_owner_only() {
    let folder = tempfile::tempdir().unwrap();
    let directory = folder.path().join("var/usher");
    let store = open_sqlite(&directory);
    store.installation(installation(1)).await.unwrap();
    let mode = |path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(directory.clone()), 0o700);
    for file in ["usher.db", "usher.db-wal", "usher.lock"] {
        assert_eq!(mode(directory.join(file)), 0o600, "{file}");
    }
}

#[tokio::test]
async fn a_newer_schema_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(migrate(folder.path()).unwrap(), Migrated { from: 0, to: newest_version() });
    assert_eq!(migrate(folder.path()).unwrap(), Migrated { from: newest_version(), to: newest_version() });
    let connection = rusqlite::Connection::open(folder.path().join("usher.db")).unwrap();
    connection
        .execute_batch(
            "INSERT INTO refinery_schema_history
             SELECT 99, name, applied_on, checksum FROM refinery_schema_history WHERE version = 1",
        )
        .unwrap();
    let refused = SqliteStore::open(folder.path()).map(|_| ()).unwrap_err();
    assert!(matches!(refused, OpenError::SchemaNewer { found: 99, known } if known == newest_version()), "{refused}");
}

#[tokio::test]
async fn what_is_no_directory_or_no_database_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, "x").unwrap();
    let refused = SqliteStore::open(&file).map(|_| ()).unwrap_err();
    assert!(matches!(refused, OpenError::Unreachable(_)), "{refused}");
    std::fs::write(folder.path().join("usher.db"), "not a database, but long enough to look like one").unwrap();
    let refused = SqliteStore::open(folder.path()).map(|_| ()).unwrap_err();
    assert!(matches!(refused, OpenError::Damaged(_)), "{refused}");
}

/// A store that is dropped without being closed loses nothing that was acknowledged.
#[tokio::test]
async fn what_was_answered_survives_a_drop() {
    let folder = tempfile::tempdir().unwrap();
    let store = open_sqlite(folder.path());
    store.installation(installation(1)).await.unwrap();
    Writer::claim(&store).await.commit(vec![samples::tenant(1)], vec![]).await;
    // Copied as after a crash: the log is not checkpointed into the database.
    let copy = tempfile::tempdir().unwrap();
    for file in ["usher.db", "usher.db-wal"] {
        std::fs::copy(folder.path().join(file), copy.path().join(file)).unwrap();
    }
    let store = open_sqlite(copy.path());
    assert_eq!(super::load(&store, super::SHARD).await, [samples::tenant(1)]);
}
