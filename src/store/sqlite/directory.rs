//! The data directory: `usher.db`, and `usher.lock`, whose lock says which process owns it.

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use super::examine;
use crate::store::StoreError;
use crate::store::open::OpenError;

const DATABASE: &str = "usher.db";
const LOCK: &str = "usher.lock";

/// Makes the directory when it is missing and locks it for as long as the answer lives; the operating system lets
/// go of the lock when the process ends, however it ends.
pub fn lock(directory: &Path) -> Result<File, OpenError> {
    let unusable = |what: &str, error: std::io::Error| {
        OpenError::Unreachable(StoreError(format!("{what} {}: {error}", directory.display())))
    };
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(directory)
        .map_err(|error| unusable("cannot make the data directory", error))?;
    let mut file = private(&directory.join(LOCK)).map_err(|error| unusable("cannot write to", error))?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            return Err(OpenError::DirectoryInUse { directory: directory.to_owned(), pid: pid(&mut file) });
        }
        Err(TryLockError::Error(error)) => return Err(unusable("cannot lock", error)),
    }
    write_pid(&mut file).map_err(|error| unusable("cannot write to", error))?;
    Ok(file)
}

/// The path of the database of a store that is there already: nothing is made.
pub fn existing(directory: &Path) -> Result<PathBuf, OpenError> {
    let path = directory.join(DATABASE);
    match path.metadata() {
        Ok(_) => examine::file(&path).map(|()| path),
        Err(error) => {
            Err(OpenError::Unreachable(StoreError(format!("no store in {}: {DATABASE}: {error}", directory.display()))))
        }
    }
}

/// The path of the database, which is made when it is missing: SQLite itself would let everybody read it.
pub fn database(directory: &Path) -> Result<PathBuf, OpenError> {
    let path = directory.join(DATABASE);
    examine::file(&path)?;
    match private(&path) {
        Ok(_) => Ok(path),
        Err(error) => Err(OpenError::Unreachable(StoreError(format!("cannot write to {}: {error}", path.display())))),
    }
}

fn private(path: &Path) -> std::io::Result<File> {
    OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(path)
}

/// Only for the message of a process that is refused; the lock itself needs no content.
fn write_pid(file: &mut File) -> std::io::Result<()> {
    file.set_len(0)?;
    file.rewind()?;
    writeln!(file, "{}", std::process::id())
}

fn pid(file: &mut File) -> Option<u32> {
    let mut text = String::new();
    file.read_to_string(&mut text).ok()?;
    text.trim().parse().ok()
}
