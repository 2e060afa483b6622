//! The data directory: the database `usher.db` and the lock file `usher.lock`. The owner of the directory holds the
//! lock. The file contains its process id, and the id of the installation whose store is here, so that a start that
//! finds no database does not create a new one.

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use super::{examine, log_mark};
use crate::ids::InstanceId;
use crate::store::StoreError;
use crate::store::open::OpenError;

const DATABASE: &str = "usher.db";
const LOCK: &str = "usher.lock";

/// Creates the directory if it is missing, and locks it until the returned value is dropped. The operating system
/// releases the lock when the process ends, in whatever way.
pub fn lock(directory: &Path) -> Result<Lock, OpenError> {
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
            let (pid, _) = read(&mut file);
            return Err(OpenError::DirectoryInUse { directory: directory.to_owned(), pid });
        }
        Err(TryLockError::Error(error)) => return Err(unusable("cannot lock", error)),
    }
    let (_, installation) = read(&mut file);
    let mut lock = Lock { file, installation };
    lock.write().map_err(|error| unusable("cannot write to", error))?;
    Ok(lock)
}

/// The lock of the data directory; held until it is dropped.
#[derive(Debug)]
pub struct Lock {
    file: File,
    /// Id of the installation whose store is here. `None`: there is none yet, or an earlier release wrote the file.
    installation: Option<String>,
}

impl Lock {
    /// Notes that the store here belongs to this installation, and syncs the file.
    pub fn name(&mut self, installation: InstanceId) -> std::io::Result<()> {
        let installation = Some(installation.to_string());
        if self.installation == installation {
            return Ok(());
        }
        self.installation = installation;
        self.write()?;
        self.file.sync_data()
    }

    /// Id of the installation in the lock file.
    pub fn installation(&self) -> Option<&str> {
        self.installation.as_deref()
    }

    fn write(&mut self) -> std::io::Result<()> {
        self.file.set_len(0)?;
        self.file.rewind()?;
        let installation = self.installation.as_deref().unwrap_or_default();
        write!(self.file, "{}\n{installation}\n", std::process::id())
    }
}

/// Path of the database of an existing store; creates nothing.
pub fn existing(directory: &Path) -> Result<PathBuf, OpenError> {
    let path = directory.join(DATABASE);
    match path.metadata() {
        Ok(_) => {
            examine::file(&path)?;
            log_mark::belongs(&path)?;
            Ok(path)
        }
        Err(error) => {
            Err(OpenError::Unreachable(StoreError(format!("no store in {}: {DATABASE}: {error}", directory.display()))))
        }
    }
}

/// Path of the database. Creates the file if it is missing, because SQLite itself would make it readable for all.
pub fn database(directory: &Path, lock: &Lock) -> Result<PathBuf, OpenError> {
    let path = directory.join(DATABASE);
    examine::file(&path)?;
    if let Some(installation) = &lock.installation
        && path.metadata().map_or(0, |found| found.len()) == 0
    {
        let (path, lock) = (path.display(), directory.join(LOCK));
        return Err(OpenError::Damaged(StoreError(format!(
            "{path}: is missing or empty, and this folder held the store of installation {installation}: put it back, or \
             remove {} to begin a new one",
            lock.display()
        ))));
    }
    match private(&path) {
        Ok(_) => log_mark::belongs(&path).map(|()| path),
        Err(error) => Err(OpenError::Unreachable(StoreError(format!("cannot write to {}: {error}", path.display())))),
    }
}

fn private(path: &Path) -> std::io::Result<File> {
    OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(path)
}

/// Process id, for the message of a refused start, and installation id.
fn read(file: &mut File) -> (Option<u32>, Option<String>) {
    let mut text = String::new();
    // An unreadable file counts as empty.
    let _ = file.read_to_string(&mut text);
    let mut lines = text.lines();
    let pid = lines.next().and_then(|line| line.trim().parse().ok());
    (pid, lines.next().map(|line| line.trim().to_owned()).filter(|line| !line.is_empty()))
}
