//! Damaged stores: no start panics, serves from one, or takes it for a store that is away. It ends with an exit code of
//! its own, and names the table and the key.

mod columns;
mod files;
mod logs;
mod moments;
mod replaced;
mod rows;
mod starting;

use std::path::Path;
use std::sync::OnceLock;

use tempfile::TempDir;

use crate::store_tools::test_data;
use crate::support::program::{Data, Program};

/// Exit code for a damaged store.
const DAMAGED: i32 = 12;

/// A folder with a stopped store that has rows in every table, except blocks of the audit.
async fn intact() -> &'static Path {
    static FOLDER: OnceLock<TempDir> = OnceLock::new();
    if let Some(folder) = FOLDER.get() {
        return folder.path();
    }
    let folder = tempfile::tempdir().unwrap();
    fill(&Data::Folder(folder.path())).await;
    // If two tests create it at once, one folder is kept.
    FOLDER.get_or_init(|| folder).path()
}

async fn fill(data: &Data<'_>) {
    let program = Program::start(data, &["--demo"]);
    test_data::people(&program).await;
    test_data::sign_in(&program, "ann").await;
    program.terminate();
    assert_eq!(program.ended().status.code(), Some(0));
}

/// A copy of that folder, to be damaged.
async fn copy() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::copy(intact().await.join("usher.db"), folder.path().join("usher.db")).unwrap();
    folder
}

/// Checks that a start ends with the exit code for damage, reports it in one line, and names what is damaged.
fn is_damaged(data: &Data, names: &str) {
    let migrate: &[&str] = if matches!(data, Data::Postgres(_)) { &["--migrate-on-start"] } else { &[] };
    let ended = Program::fails(data, migrate);
    assert_eq!(ended.status.code(), Some(DAMAGED), "{names}: {}", ended.errors);
    let line = ended.errors.lines().find(|line| line.starts_with("usher: ")).unwrap_or_default();
    assert!(line.contains("damaged") && line.contains(names), "{names:?} is not in {line:?}");
    assert!(!ended.errors.contains("panicked"), "{}", ended.errors);
}
