//! Checks the database file before SQLite opens it: SQLite accepts a file that was truncated, or that another program
//! wrote, and creates a new database if the file is missing.

use std::fs::{self, File, Metadata};
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

use rusqlite::Connection;

use super::load;
use crate::store::open::OpenError;
use crate::store::{ReadError, StoreError};

const MAGIC: &[u8; 16] = b"SQLite format 3\0";
/// Length in bytes of the file's header: <https://www.sqlite.org/fileformat2.html#the_database_header>.
pub const HEADER: usize = 100;

/// At most five tables of another program are named in the error.
const NAMED: &str = r"SELECT group_concat(name, ', ') FROM (SELECT name FROM sqlite_schema WHERE type = 'table'
    AND name NOT LIKE 'sqlite\_%' ESCAPE '\' ORDER BY name LIMIT 5)";
const HISTORY: &str = "SELECT count(*) FROM sqlite_schema WHERE name = 'refinery_schema_history'";

/// Checks the file, which may be missing.
///
/// # Errors
/// [`OpenError::Damaged`]: a start cannot use the file.
pub fn file(path: &Path) -> Result<(), OpenError> {
    let damaged = |what: String| Err(OpenError::Damaged(StoreError(format!("{}: {what}", path.display()))));
    let cannot = |error| OpenError::Unreachable(StoreError(format!("cannot read {}: {error}", path.display())));
    let log = beside(path, "-wal");
    let log_bytes = fs::metadata(&log).map_or(0, |log| log.len());
    let found = match fs::metadata(path) {
        Ok(found) if !found.is_file() => return damaged("is not a file".into()),
        Ok(found) => Some(found),
        Err(error) if error.kind() == ErrorKind::NotFound => None,
        Err(error) => return Err(cannot(error)),
    };
    match found.filter(|found| found.len() > 0) {
        None if log_bytes > 0 => {
            let log = log.display();
            damaged(format!(
                "is missing or empty, and its log {log} is not: put the database back that the log belongs to"
            ))
        }
        None => Ok(()),
        Some(found) => match header(path).map_err(cannot)? {
            None => damaged("is not a database of SQLite".into()),
            Some(header) => match cut_off(&header, &found).filter(|_| log_bytes == 0) {
                Some(bytes) => damaged(format!("is cut off: it has {} bytes of {bytes}", found.len())),
                None => Ok(()),
            },
        },
    }
}

/// Path of a file that SQLite keeps beside the database.
pub fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// Header of the file; `None`: it is not an SQLite database.
pub fn header(path: &Path) -> std::io::Result<Option<[u8; HEADER]>> {
    let mut header = Vec::with_capacity(HEADER);
    File::open(path)?.take(HEADER as u64).read_to_end(&mut header)?;
    Ok(<[u8; HEADER]>::try_from(header).ok().filter(|header| header.starts_with(MAGIC)))
}

/// The size that the file should have, if it is smaller. The missing part may be in the log, which the caller checks.
fn cut_off(header: &[u8; HEADER], found: &Metadata) -> Option<u64> {
    let number =
        |at: usize| u64::from(u32::from_be_bytes([header[at], header[at + 1], header[at + 2], header[at + 3]]));
    let page = match u64::from(u16::from_be_bytes([header[16], header[17]])) {
        1 => 65_536,
        page => page,
    };
    // The page count in the header is valid only if the program that wrote the header last maintains it.
    let bytes = page * number(28);
    (number(24) == number(92) && bytes > found.len()).then_some(bytes)
}

/// Checks that the database is Usher's, or empty. Writes nothing.
///
/// # Errors
/// The database contains tables of another program.
pub fn ours(connection: &Connection) -> Result<(), OpenError> {
    let read = || {
        let history: i64 = connection.query_row(HISTORY, [], |row| row.get(0))?;
        let tables: Option<String> = connection.query_row(NAMED, [], |row| row.get(0))?;
        Ok::<_, rusqlite::Error>((history, tables))
    };
    match read().map_err(ReadError::from)? {
        (0, Some(tables)) => {
            let message = format!("it is the database of another program, with the tables {tables}");
            Err(OpenError::Damaged(StoreError(message)))
        }
        _ => Ok(()),
    }
}

/// Checks that every table has its columns: a schema may have this release's version and differ from it.
///
/// # Errors
/// A table or a column is missing.
pub fn columns(connection: &Connection) -> Result<(), OpenError> {
    load::statements().try_for_each(|(table, sql)| match connection.prepare(&sql) {
        Ok(_) => Ok(()),
        Err(error) => Err(OpenError::Damaged(StoreError(format!("{table}: {error}")))),
    })
}
