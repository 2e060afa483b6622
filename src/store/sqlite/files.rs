//! Watches the files that SQLite works on. When a file is removed, replaced or truncated, SQLite continues with the
//! file that it opened, and no restart finds what it writes there. So the files are checked before each job of the
//! writer, and again before anything that it wrote is acknowledged (decision 47).

use std::fs::{self, Metadata};
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::examine::beside;
use crate::store::StoreError;

/// Identity of a file, independent of its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Identity {
    device: u64,
    inode: u64,
}

/// State of a file after the last work of this process on it.
#[derive(Debug, Clone, Copy)]
struct FileState {
    identity: Identity,
    bytes: u64,
    modified: Option<SystemTime>,
}

impl FileState {
    fn of(found: &Metadata) -> Self {
        let identity = Identity { device: found.dev(), inode: found.ino() };
        Self { identity, bytes: found.len(), modified: found.modified().ok() }
    }
}

#[derive(Debug, Clone)]
struct Watched {
    path: PathBuf,
    seen: Option<FileState>,
}

/// The database, its log (`-wal`) and the index of the log (`-shm`).
#[derive(Debug, Clone)]
pub struct Files {
    database: Watched,
    log: Watched,
    index: Watched,
}

impl Files {
    pub fn new(path: &Path) -> Self {
        let watched = |path: PathBuf| Watched { path, seen: None };
        Self {
            database: watched(path.to_owned()),
            log: watched(beside(path, "-wal")),
            index: watched(beside(path, "-shm")),
        }
    }

    /// Records that a connection was opened: log and index may be new files, the database may not.
    pub fn opened(&mut self) {
        self.closed();
        self.note();
    }

    /// Records that the connection was closed: the last one that closes removes the log.
    pub fn closed(&mut self) {
        (self.log.seen, self.index.seen) = (None, None);
    }

    /// Records the state of the files after this process's own work.
    pub fn note(&mut self) {
        for file in [&mut self.database, &mut self.log, &mut self.index] {
            if let Ok(found) = fs::metadata(&file.path) {
                let seen = FileState::of(&found);
                // The record never changes to a file that replaced the opened one.
                if file.seen.is_none_or(|before| before.identity == seen.identity) {
                    file.seen = Some(seen);
                }
            }
        }
    }

    /// Error if a file is not the one that was opened, or is shorter than it was. Also valid after work of this
    /// process.
    pub fn replaced(&self) -> Option<StoreError> {
        [&self.database, &self.log, &self.index].into_iter().find_map(Watched::replaced)
    }

    /// True if these are the same database and the same log as those of another connection, whatever they contain by now.
    pub fn are_those_of(&self, other: &Self) -> bool {
        let identity = |file: &Watched| file.seen.map(|seen| seen.identity);
        let identities = |files: &Self| [&files.database, &files.log].map(identity);
        identities(self) == identities(other)
    }

    /// Error if another program has written into a file since the last record. The index is not checked: all
    /// connections share it. During a checkpoint the database is not checked: this process writes into it all the time.
    pub fn written(&self, checkpoint: bool) -> Option<StoreError> {
        let database = (!checkpoint).then_some(&self.database);
        database.into_iter().chain([&self.log]).find_map(Watched::written)
    }
}

impl Watched {
    fn found(&self) -> Result<Option<FileState>, StoreError> {
        match fs::metadata(&self.path) {
            Ok(found) => Ok(Some(FileState::of(&found))),
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => Ok(None),
            Err(error) => Err(StoreError(format!("cannot look at {}: {error}", self.path.display()))),
        }
    }

    fn replaced(&self) -> Option<StoreError> {
        let before = self.seen?;
        let reported = |what: String| {
            let (path, process) = (self.path.display(), std::process::id());
            let open = "what was acknowledged is in the files that this process holds open";
            Some(StoreError(format!("{path} {what}; {open}, in /proc/{process}/fd")))
        };
        match self.found() {
            Err(unreadable) => Some(unreadable),
            Ok(None) => reported("is not there any more".into()),
            Ok(Some(now)) if now.identity != before.identity => reported("is not the file that was opened".into()),
            Ok(Some(now)) if now.bytes < before.bytes => {
                reported(format!("was cut off: it had {} bytes, and has {}", before.bytes, now.bytes))
            }
            Ok(Some(_)) => None,
        }
    }

    fn written(&self) -> Option<StoreError> {
        let before = self.seen?;
        let now = self.found().ok()??;
        let reported = || StoreError(format!("{} was written over by somebody else", self.path.display()));
        (now.bytes != before.bytes || now.modified != before.modified).then(reported)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files() -> (tempfile::TempDir, PathBuf, Files) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("usher.db");
        for name in ["usher.db", "usher.db-wal", "usher.db-shm"] {
            fs::write(folder.path().join(name), [7; 100]).unwrap();
        }
        let mut files = Files::new(&path);
        files.opened();
        (folder, path, files)
    }

    fn is_replaced(files: &Files, what: &str) {
        let StoreError(reported) = files.replaced().unwrap_or_else(|| panic!("{what}"));
        assert!(reported.contains(what), "{reported}");
    }

    #[test]
    fn each_file_is_missed_known_again_and_not_taken_for_another() {
        for name in ["usher.db", "usher.db-wal", "usher.db-shm"] {
            let (folder, path, mut files) = files();
            let file = path.with_file_name(name);
            assert_eq!((files.replaced(), files.written(false)), (None, None));
            let aside = folder.path().join("aside");
            fs::rename(&file, &aside).unwrap();
            is_replaced(&files, "is not there any more");
            fs::write(&file, [7; 100]).unwrap();
            is_replaced(&files, "is not the file that was opened");
            // Recording the other files does not change that.
            files.note();
            is_replaced(&files, "is not the file that was opened");
            fs::rename(&aside, &file).unwrap();
            assert_eq!(files.replaced(), None, "it is back");
            fs::File::options().write(true).open(&file).unwrap().set_len(50).unwrap();
            is_replaced(&files, "was cut off: it had 100 bytes, and has 50");
        }
    }

    #[test]
    fn what_somebody_else_writes_is_seen_and_what_this_process_writes_is_noted() {
        for name in ["usher.db", "usher.db-wal"] {
            let (_folder, path, mut files) = files();
            fs::write(path.with_file_name(name), [8; 200]).unwrap();
            let StoreError(reported) = files.written(false).expect(name);
            assert!(reported.contains("was written over by somebody else"), "{reported}");
            assert_eq!(files.replaced(), None);
            files.note();
            assert_eq!((files.replaced(), files.written(false)), (None, None));
        }
    }

    #[test]
    fn a_folder_that_is_moved_away_is_missed_until_it_is_back() {
        let parent = tempfile::tempdir().unwrap();
        let (here, there) = (parent.path().join("here"), parent.path().join("there"));
        fs::create_dir(&here).unwrap();
        let path = here.join("usher.db");
        fs::write(&path, [7; 100]).unwrap();
        let mut files = Files::new(&path);
        files.opened();
        fs::rename(&here, &there).unwrap();
        is_replaced(&files, "is not there any more");
        fs::rename(&there, &here).unwrap();
        assert_eq!((files.replaced(), files.written(false)), (None, None));
    }
}
