//! Marks that tell which log belongs to the database (decision 54). SQLite accepts a database without its log as
//! complete, and replays any log beside it. The data is then consistent, but lacks what was acknowledged, or differs
//! from it.
//!
//! So the header of the database contains a mark, as `user_version`, and the previous mark, as `application_id`. The
//! database itself says that a log is expected, and the first transaction in that log says that it is that log. SQLite
//! reads the database *with* its log; the first 100 bytes of the file are those of the database alone.

use std::fs::{self, File};
use std::io::Read;
use std::os::unix::fs::FileExt;
use std::path::Path;

use rusqlite::{Connection, TransactionBehavior};

use super::database::{Database, Mode};
use super::examine::{self, beside};
use crate::ids::random_seed;
use crate::store::open::OpenError;
use crate::store::{ReadError, StoreError};

/// Offsets in the header.
const USER_VERSION: usize = 60;
const APPLICATION_ID: usize = 68;
/// Magic number at the beginning of a log, without its last bit.
const LOG_MAGIC: u32 = 0x377f_0682;
/// Maximum number of attempts to read both: a running service may change them between two reads, but rarely does.
const MAX_READ_ATTEMPTS: usize = 20;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// A log has begun and says so. In the database alone: at least the beginning of that log was checkpointed.
    Joined = 0,
    /// All further writes are in a log that follows.
    Awaits = 1,
    /// Closed in order: there is no log.
    Closed = 2,
}

/// A state, and the id of the log that it is about. Zero: a release without marks, or a new file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Mark {
    state: State,
    /// 30 bits.
    id: u32,
}

impl Mark {
    fn fresh(state: State) -> Self {
        let id = u32::try_from(random_seed() >> 34).unwrap_or_default().max(1);
        Self { state, id }
    }

    fn bits(self) -> u32 {
        self.id << 2 | self.state as u32
    }

    fn of(bits: u32) -> Self {
        let state = match bits & 3 {
            1 => State::Awaits,
            2 => State::Closed,
            _ => State::Joined,
        };
        Self { state, id: bits >> 2 }
    }
}

/// The present mark, and the one before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Marks {
    now: Mark,
    before: Mark,
}

impl Marks {
    fn of(header: &[u8; examine::HEADER]) -> Self {
        let bits = |at: usize| u32::from_be_bytes([header[at], header[at + 1], header[at + 2], header[at + 3]]);
        Self { now: Mark::of(bits(USER_VERSION)), before: Mark::of(bits(APPLICATION_ID)) }
    }

    /// Reads the marks with the log.
    fn read(connection: &Connection) -> rusqlite::Result<Self> {
        let mark = |pragma: &str| connection.query_row(pragma, [], |row| row.get(0)).map(i32::cast_unsigned);
        let (now, before) = (mark("PRAGMA user_version")?, mark("PRAGMA application_id")?);
        Ok(Self { now: Mark::of(now), before: Mark::of(before) })
    }

    /// Writes the marks in one transaction, at the end of the log.
    fn write(self, connection: &mut Connection) -> rusqlite::Result<()> {
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        transaction.pragma_update(None, "user_version", self.now.bits().cast_signed())?;
        transaction.pragma_update(None, "application_id", self.before.bits().cast_signed())?;
        transaction.commit()
    }

    /// Returns whether a log that ends with these marks belongs to a database whose own mark is `main`.
    fn follow(self, main: Mark) -> bool {
        // A database that was closed contains its whole log: only a log that ends with the same close belongs to it.
        let covers = |mark: Mark| mark.id == main.id && (mark.state == State::Closed || main.state != State::Closed);
        // The new mark may be in the log, and not yet in the database.
        covers(self.now) || if self.before.state == State::Closed { self.before == main } else { covers(self.before) }
    }
}

/// Checks an existing database, which has a header, and its log. Writes nothing.
///
/// # Errors
/// [`OpenError::Damaged`]: the log is missing, or belongs to another database.
pub fn belongs(path: &Path) -> Result<(), OpenError> {
    let mut main = read_main(path)?;
    for _ in 0..MAX_READ_ATTEMPTS {
        let judged = judge(path, main.now);
        if judged.is_ok() {
            return judged;
        }
        // A service that runs may have changed the files between the two reads.
        let again = read_main(path)?;
        if again == main {
            return judged;
        }
        main = again;
    }
    Err(OpenError::Unreachable(StoreError(format!("{}: it changes all the time", path.display()))))
}

/// Reads the marks of the database alone. A file without a header has none.
fn read_main(path: &Path) -> Result<Marks, OpenError> {
    match examine::header(path) {
        Ok(header) => Ok(Marks::of(&header.unwrap_or([0; examine::HEADER]))),
        Err(error) => Err(OpenError::Unreachable(StoreError(format!("cannot read {}: {error}", path.display())))),
    }
}

fn judge(path: &Path, main: Mark) -> Result<(), OpenError> {
    let (log, index) = (beside(path, "-wal"), beside(path, "-shm"));
    let damaged = |what: String| Err(OpenError::Damaged(StoreError(what)));
    let bytes = fs::metadata(&log).map_or(0, |log| log.len());
    if main.state == State::Awaits && !is_log(&log) {
        let (path, log) = (path.display(), log.display());
        return damaged(format!(
            "{path}: its log {log} is missing or no log, and what was acknowledged last is in it: put it back, or restore a \
             backup"
        ));
    }
    if bytes == 0 {
        return Ok(());
    }
    let with_log = Marks::read(Database::new(path.to_owned(), Mode::Read).connection()?).map_err(ReadError::from)?;
    if with_log.follow(main) {
        return Ok(());
    }
    let (path, log, index) = (path.display(), log.display(), index.display());
    damaged(format!(
        "{path}: {log} is the log of another database, or of this one at another time: put the database back that it \
         belongs to, or, if {path} was restored from a backup, remove {log} and {index}"
    ))
}

/// Returns whether the file begins like a log. SQLite treats any other file as an empty log.
fn is_log(log: &Path) -> bool {
    let mut magic = [0; 4];
    let read = File::open(log).and_then(|mut log| log.read_exact(&mut magic));
    read.is_ok() && u32::from_be_bytes(magic) & !1 == LOG_MAGIC
}

/// Announces the next log: the first step toward it. Each step is on disk before the next one begins. At whatever
/// moment the process dies, log and database match; and after the last step the database alone says that all further
/// writes are in a log.
pub fn announce(connection: &mut Connection) -> rusqlite::Result<()> {
    let Marks { now, before } = Marks::read(connection)?;
    let marks = match now.state {
        // An earlier attempt was not completed.
        State::Awaits => None,
        State::Joined if now.id != before.id => Some(Marks { now: Mark { state: State::Awaits, ..now }, before }),
        State::Joined | State::Closed => Some(Marks { now: Mark::fresh(State::Awaits), before: now }),
    };
    if let Some(marks) = marks {
        marks.write(connection)?;
    }
    fail_point!("log-awaited");
    Ok(())
}

/// Checkpoints the log into the database, and begins the next log. Returns false if a reader still uses the log:
/// nothing is lost, and the caller tries again later.
pub fn renew(connection: &mut Connection) -> rusqlite::Result<bool> {
    // The log was closed while another connection was reading it, which still is.
    if Marks::read(connection)?.now.state == State::Closed && !checkpoint(connection)? {
        return Ok(false);
    }
    announce(connection)?;
    let Marks { now, before } = Marks::read(connection)?;
    let folded = checkpoint(connection)?;
    fail_point!("log-folded");
    let joined = Mark { state: State::Joined, ..now };
    Marks { now: joined, before: if folded { joined } else { before } }.write(connection)?;
    fail_point!("log-joined");
    Ok(folded)
}

/// Writes the last transaction of the log: closing the connection then checkpoints the log and removes it.
pub fn close(connection: &mut Connection) -> rusqlite::Result<()> {
    let Marks { now, before } = Marks::read(connection)?;
    Marks { now: Mark { state: State::Closed, ..now }, before }.write(connection)
}

/// Marks a database that is not open anywhere as complete, with no log.
///
/// # Errors
/// The file cannot be written.
pub fn write_whole(database: &File) -> std::io::Result<()> {
    let closed = Mark::fresh(State::Closed);
    database.write_all_at(&closed.bits().to_be_bytes(), USER_VERSION as u64)?;
    database.write_all_at(&closed.bits().to_be_bytes(), APPLICATION_ID as u64)
}

/// Runs a checkpoint without waiting for other connections. Returns whether all of the log is in the database, on disk.
pub fn checkpoint(connection: &Connection) -> rusqlite::Result<bool> {
    let sql = "/* usher:checkpoint */ PRAGMA wal_checkpoint(PASSIVE)";
    let (busy, log, done): (i64, i64, i64) =
        connection.query_row(sql, [], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    Ok(busy == 0 && log == done)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_survives_its_bits() {
        for state in [State::Joined, State::Awaits, State::Closed] {
            let mark = Mark::fresh(state);
            assert_eq!(Mark::of(mark.bits()), mark);
            assert_ne!(mark.bits() >> 2, 0, "zero is of a file without a mark");
        }
        assert_eq!(Mark::of(0), Mark { state: State::Joined, id: 0 });
    }

    /// The last marks in a log decide which database it belongs to.
    #[test]
    fn a_log_belongs_to_the_database_that_it_began_on() {
        use State::{Awaits, Closed, Joined};
        let mark = |state, id| Mark { state, id };
        let none = mark(Joined, 0);
        for (log, main, belongs, what) in [
            ((mark(Joined, 5), mark(Joined, 5)), mark(Awaits, 5), true, "as a service works"),
            ((mark(Joined, 5), mark(Joined, 5)), mark(Joined, 5), true, "a part of the log is in the database"),
            ((mark(Awaits, 6), mark(Joined, 5)), mark(Awaits, 5), true, "the next log is announced in the log"),
            ((mark(Awaits, 6), mark(Joined, 5)), mark(Joined, 5), true, "as before, and a part is in the database"),
            ((mark(Awaits, 6), mark(Joined, 5)), mark(Awaits, 6), true, "and in the database"),
            ((mark(Joined, 6), mark(Joined, 5)), mark(Awaits, 5), true, "somebody read, and put it off"),
            ((mark(Joined, 6), mark(Joined, 5)), mark(Joined, 6), true, "as before, and a part is in the database"),
            ((mark(Closed, 5), mark(Joined, 5)), mark(Awaits, 5), true, "it was about to be closed"),
            ((mark(Closed, 5), mark(Joined, 5)), mark(Closed, 5), true, "and the log is still there"),
            ((mark(Awaits, 6), mark(Closed, 5)), mark(Closed, 5), true, "the first after a stop"),
            ((mark(Awaits, 1), none), none, true, "the first of a new file, or of an older release's"),
            ((none, none), none, true, "an older release's"),
            ((mark(Joined, 5), mark(Joined, 5)), mark(Awaits, 4), false, "an older copy of the database"),
            ((mark(Joined, 5), mark(Joined, 5)), mark(Awaits, 6), false, "an older copy of the log"),
            ((mark(Joined, 5), mark(Joined, 5)), mark(Closed, 7), false, "a backup that was restored beside it"),
            ((mark(Joined, 5), mark(Joined, 5)), mark(Closed, 5), false, "the database was closed since"),
            ((mark(Awaits, 6), mark(Closed, 5)), mark(Awaits, 5), false, "of before it was closed"),
            ((mark(Joined, 5), mark(Joined, 5)), none, false, "a database without a mark"),
            ((none, none), mark(Closed, 7), false, "a log without a mark"),
        ] {
            let (now, before) = log;
            assert_eq!(Marks { now, before }.follow(main), belongs, "{what}");
        }
    }
}
