//! Table of the schema versions, in the layout of refinery: earlier releases and refinery's own tool read it, too.
//! Values of its rows are not parsed, because a damaged row must not make a start panic.

use refinery::{Migration, Runner};

use super::open::SchemaVersion;

/// Creates the table of the schema versions.
pub const CREATE: &str = "CREATE TABLE IF NOT EXISTS refinery_schema_history(
    version INT4 PRIMARY KEY, name VARCHAR(255), applied_on VARCHAR(255), checksum VARCHAR(255))";

/// Schema version that this program needs.
pub fn known(runner: &Runner) -> SchemaVersion {
    runner.get_migrations().iter().map(Migration::version).max().unwrap_or(0)
}

/// Migrations that a schema of version `found` lacks, oldest first, each with the statement for its row in the history.
/// `now` is an SQL expression for the time as text, such as `2026-12-31T23:59:59Z`.
pub fn pending<'a>(runner: &'a Runner, found: SchemaVersion, now: &str) -> Vec<(&'a str, String)> {
    let mut pending: Vec<&Migration> = runner.get_migrations().iter().filter(|one| one.version() > found).collect();
    pending.sort();
    let line = |one: &Migration| {
        let (version, name, checksum) = (one.version(), one.name(), one.checksum());
        format!(
            "INSERT INTO refinery_schema_history (version, name, applied_on, checksum)
             VALUES ({version}, '{name}', {now}, '{checksum}')"
        )
    };
    pending.into_iter().map(|one| (one.sql().unwrap_or_default(), line(one))).collect()
}
