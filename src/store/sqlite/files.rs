//! The files that SQLite works on, as they lie on the disk. SQLite goes on with what it opened when somebody removes,
//! replaces or cuts off a file: what is written then no restart will find. So the files are looked at before each job of the
//! writer, and once more before anything that it wrote is acknowledged (decision 47). What was only touched, or written by
//! a checkpoint, is no other file: the caller asks the file itself.

use std::fs::{self, Metadata};
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::examine::beside;
use crate::store::{AbsenceError, StoreError};

/// A file, whatever its name is by now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Identity {
    device: u64,
    inode: u64,
}

/// What a file was like when this process had last worked on it.
#[derive(Debug, Clone, Copy)]
struct Seen {
    identity: Identity,
    bytes: u64,
    modified: Option<SystemTime>,
}

impl Seen {
    fn of(found: &Metadata) -> Self {
        let identity = Identity { device: found.dev(), inode: found.ino() };
        Self { identity, bytes: found.len(), modified: found.modified().ok() }
    }

    fn is_changed(self, now: Self) -> bool {
        (self.bytes, self.modified) != (now.bytes, now.modified)
    }
}

#[derive(Debug)]
struct Watched {
    path: PathBuf,
    seen: Option<Seen>,
}

/// The database, its log and the index of the log.
#[derive(Debug)]
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

    /// The connection was closed: with the last one the log goes, too.
    pub fn closed(&mut self) {
        (self.log.seen, self.index.seen) = (None, None);
    }

    /// The files are as this process's own work left them. Answers whether the database is not as it was noted before.
    pub fn note(&mut self) -> bool {
        self.log.note();
        self.index.note();
        self.database.note()
    }

    /// Whether they are those that were opened. None but the log ever gets shorter.
    ///
    /// # Errors
    /// They are not, or cannot be looked at.
    pub fn are_there(&self) -> Result<(), AbsenceError> {
        for file in [&self.database, &self.log, &self.index] {
            file.is_there()?;
        }
        match self.database.cut_off()?.or(self.index.cut_off()?) {
            Some(error) => Err(AbsenceError::Replaced(error)),
            None => Ok(()),
        }
    }

    /// How the log is shorter than it was.
    pub fn log_cut_off(&self) -> Result<Option<StoreError>, AbsenceError> {
        self.log.cut_off()
    }

    /// Somebody else has written into the database, or touched it.
    pub fn database_written(&self) -> Result<Option<StoreError>, AbsenceError> {
        self.database.written()
    }

    /// The same of the log. The index is memory that all connections share.
    pub fn log_written(&self) -> Result<Option<StoreError>, AbsenceError> {
        self.log.written()
    }
}

impl Watched {
    /// Answers whether it is not as it was noted before.
    fn note(&mut self) -> bool {
        let Ok(Some(now)) = self.found() else { return false };
        match self.seen {
            // Never another file in the place of the one that was opened.
            Some(before) if before.identity != now.identity => false,
            before => {
                self.seen = Some(now);
                before.is_none_or(|before| before.is_changed(now))
            }
        }
    }

    fn found(&self) -> Result<Option<Seen>, AbsenceError> {
        match fs::metadata(&self.path) {
            Ok(found) => Ok(Some(Seen::of(&found))),
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => Ok(None),
            Err(error) => {
                Err(AbsenceError::Unreadable(StoreError(format!("cannot look at {}: {error}", self.path.display()))))
            }
        }
    }

    fn is_there(&self) -> Result<(), AbsenceError> {
        let Some(before) = self.seen else { return Ok(()) };
        match self.found()? {
            None => Err(AbsenceError::Replaced(self.told("is not there any more"))),
            Some(now) if now.identity != before.identity => {
                Err(AbsenceError::Replaced(self.told("is not the file that was opened")))
            }
            Some(_) => Ok(()),
        }
    }

    fn cut_off(&self) -> Result<Option<StoreError>, AbsenceError> {
        let Some((before, now)) = self.seen.zip(self.found()?) else { return Ok(None) };
        let shorter = now.bytes < before.bytes;
        let told = || self.told(&format!("was cut off: it had {} bytes, and has {}", before.bytes, now.bytes));
        Ok(shorter.then(told))
    }

    fn written(&self) -> Result<Option<StoreError>, AbsenceError> {
        let Some((before, now)) = self.seen.zip(self.found()?) else { return Ok(None) };
        Ok(before.is_changed(now).then(|| self.told("was written over by somebody else")))
    }

    fn told(&self, what: &str) -> StoreError {
        let (path, process) = (self.path.display(), std::process::id());
        let open = "what was acknowledged is in the files that this process holds open";
        StoreError(format!("{path} {what}; {open}, in /proc/{process}/fd"))
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
        files.note();
        (folder, path, files)
    }

    fn is_replaced(files: &Files, what: &str) {
        let found = files.are_there();
        let Err(AbsenceError::Replaced(StoreError(told))) = found else { panic!("{what}: {found:?}") };
        assert!(told.contains(what), "{told}");
    }

    fn is_untouched(files: &Files) {
        assert_eq!(files.are_there(), Ok(()));
        for change in [files.log_cut_off(), files.log_written(), files.database_written()] {
            assert_eq!(change, Ok(None));
        }
    }

    #[test]
    fn each_file_is_missed_known_again_and_not_taken_for_another() {
        for name in ["usher.db", "usher.db-wal", "usher.db-shm"] {
            let (folder, path, mut files) = files();
            let file = path.with_file_name(name);
            is_untouched(&files);
            let aside = folder.path().join("aside");
            fs::rename(&file, &aside).unwrap();
            is_replaced(&files, "is not there any more");
            fs::write(&file, [7; 100]).unwrap();
            is_replaced(&files, "is not the file that was opened");
            // Work on other files changes nothing about that.
            files.note();
            is_replaced(&files, "is not the file that was opened");
            fs::rename(&aside, &file).unwrap();
            assert_eq!(files.are_there(), Ok(()), "it is back");
            fs::File::options().write(true).open(&file).unwrap().set_len(50).unwrap();
            let told = "was cut off: it had 100 bytes, and has 50";
            if name == "usher.db-wal" {
                let cut_off = files.log_cut_off().unwrap().expect(told);
                assert!(cut_off.0.contains(told), "{cut_off}");
            } else {
                is_replaced(&files, told);
            }
        }
    }

    #[test]
    fn what_somebody_else_writes_is_seen_and_what_this_process_writes_is_noted() {
        type Look = fn(&Files) -> Result<Option<StoreError>, AbsenceError>;
        let looks: [(&str, Look); 2] = [("usher.db", Files::database_written), ("usher.db-wal", Files::log_written)];
        for (name, written) in looks {
            let (_folder, path, mut files) = files();
            fs::write(path.with_file_name(name), [8; 200]).unwrap();
            let told = written(&files).unwrap().expect(name);
            assert!(told.0.contains("was written over by somebody else"), "{told}");
            assert_eq!(files.are_there(), Ok(()));
            assert_eq!(files.note(), name == "usher.db");
            is_untouched(&files);
        }
    }

    /// A loop of links: the operating system says neither that it is there nor that it is not.
    #[test]
    fn what_cannot_be_looked_at_is_not_taken_for_another_file() {
        let (folder, path, files) = files();
        let aside = folder.path().join("aside");
        fs::rename(&path, &aside).unwrap();
        std::os::unix::fs::symlink(&path, &path).unwrap();
        let found = files.are_there();
        assert!(matches!(found, Err(AbsenceError::Unreadable(_))), "{found:?}");
        fs::remove_file(&path).unwrap();
        fs::rename(&aside, &path).unwrap();
        is_untouched(&files);
    }

    #[test]
    fn a_folder_that_is_moved_away_is_missed_until_it_is_back() {
        let parent = tempfile::tempdir().unwrap();
        let (here, there) = (parent.path().join("here"), parent.path().join("there"));
        fs::create_dir(&here).unwrap();
        let path = here.join("usher.db");
        fs::write(&path, [7; 100]).unwrap();
        let mut files = Files::new(&path);
        files.note();
        fs::rename(&here, &there).unwrap();
        is_replaced(&files, "is not there any more");
        fs::rename(&there, &here).unwrap();
        is_untouched(&files);
    }
}
