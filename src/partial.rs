//! Writes a file under a temporary name in its folder, and gives it its own name when it is complete. If the process is
//! killed meanwhile, nothing is left under the file's name, and the next attempt is not blocked.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// A file that is being written; removed when dropped before [`Partial::finish`].
#[derive(Debug)]
pub struct Partial {
    to: PathBuf,
    beside: PathBuf,
    /// Locked, so that no other process takes it for a leftover.
    file: File,
    named: bool,
}

impl Partial {
    /// Creates the temporary file, with this mode, in the folder of `to`. Removes the leftover of an attempt that was
    /// killed.
    ///
    /// # Errors
    /// The folder is not writable; or [`io::ErrorKind::WouldBlock`]: another process is writing the same file.
    pub fn begin(to: &Path, mode: u32) -> io::Result<Self> {
        let beside = beside(to);
        loop {
            if !clear(&beside)? {
                continue;
            }
            let made = OpenOptions::new().read(true).write(true).create_new(true).mode(mode).open(&beside);
            let file = match made {
                // Another process was faster.
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => continue,
                made => made?,
            };
            file.try_lock().map_err(busy)?;
            // Between creation and locking, another process may have removed it as a leftover.
            if is_at(&file, &beside)? {
                return Ok(Self { to: to.to_owned(), beside, file, named: false });
            }
        }
    }

    /// The temporary path.
    pub fn path(&self) -> &Path {
        &self.beside
    }

    /// The open file, for writing.
    pub fn file(&mut self) -> &mut File {
        &mut self.file
    }

    /// Gives the file its name, and makes both the content and the name durable. `replace`: overwrite an existing file.
    ///
    /// # Errors
    /// [`io::ErrorKind::AlreadyExists`]; or the file or the folder cannot be written.
    pub fn finish(mut self, replace: bool) -> io::Result<()> {
        self.file.sync_all()?;
        if replace {
            fs::rename(&self.beside, &self.to)?;
            self.named = true;
        } else {
            match fs::hard_link(&self.beside, &self.to) {
                Ok(()) => {}
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Err(error),
                // Some file systems have no hard links.
                Err(_) if fs::symlink_metadata(&self.to).is_ok() => return Err(io::ErrorKind::AlreadyExists.into()),
                Err(_) => {
                    fs::rename(&self.beside, &self.to)?;
                    self.named = true;
                }
            }
        }
        let folder = self.to.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        File::open(folder)?.sync_all()
    }
}

impl Drop for Partial {
    fn drop(&mut self) {
        if !self.named {
            let _ = fs::remove_file(&self.beside);
        }
    }
}

/// Removes the leftover of an attempt that was killed. False: it has gone meanwhile, or is another file now.
fn clear(beside: &Path) -> io::Result<bool> {
    let left = match File::open(beside) {
        Ok(left) => left,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(true),
        Err(error) => return Err(error),
    };
    left.try_lock().map_err(busy)?;
    // Only the process that holds the lock of the file at this path may remove it.
    let there = is_at(&left, beside)?;
    if there {
        fs::remove_file(beside)?;
    }
    Ok(there)
}

/// True if the path still refers to this file.
fn is_at(file: &File, path: &Path) -> io::Result<bool> {
    let mine = file.metadata()?;
    match fs::metadata(path) {
        Ok(there) => Ok((mine.dev(), mine.ino()) == (there.dev(), there.ino())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

fn busy(error: TryLockError) -> io::Error {
    match error {
        TryLockError::WouldBlock => {
            io::Error::new(io::ErrorKind::WouldBlock, "another process writes this file just now")
        }
        TryLockError::Error(error) => error,
    }
}

/// The temporary name, the same for all attempts.
fn beside(to: &Path) -> PathBuf {
    let mut name = OsString::from(".");
    name.push(to.file_name().unwrap_or_default());
    name.push(".partial");
    to.with_file_name(name)
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<String> =
            fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn what_a_killed_attempt_left_is_not_in_the_way() {
        let folder = tempfile::tempdir().unwrap();
        let to = folder.path().join("key.pem");
        // Killed: nothing was cleaned up, and its lock ended with the process.
        fs::write(beside(&to), "half").unwrap();
        let mut partial = Partial::begin(&to, 0o600).unwrap();
        partial.file().write_all(b"whole").unwrap();
        partial.finish(false).unwrap();
        assert_eq!((fs::read_to_string(&to).unwrap(), names(folder.path())), ("whole".into(), vec!["key.pem".into()]));
        assert_eq!(fs::metadata(&to).unwrap().permissions().mode() & 0o777, 0o600);
    }

    /// Killed after the file got its name, when both names refer to one file.
    #[test]
    fn a_file_that_was_finished_is_not_touched_by_the_next_attempt() {
        let folder = tempfile::tempdir().unwrap();
        let (to, archived) = (folder.path().join("a.db"), folder.path().join("archived.db"));
        fs::write(beside(&to), "first").unwrap();
        fs::hard_link(beside(&to), &archived).unwrap();
        let mut partial = Partial::begin(&to, 0o600).unwrap();
        partial.file().write_all(b"second").unwrap();
        partial.finish(false).unwrap();
        assert_eq!(fs::read_to_string(&archived).unwrap(), "first");
    }

    /// Each writer has the temporary file to itself while it writes; the only error that a writer may get is that
    /// another one has it.
    #[test]
    fn many_at_once_write_one_after_the_other() {
        let folder = tempfile::tempdir().unwrap();
        let to = folder.path().join("a");
        let writes = |writer: u8| {
            for _ in 0..2_000 {
                match Partial::begin(&to, 0o600) {
                    Ok(mut partial) => {
                        partial.file().write_all(&[writer; 16]).unwrap();
                        assert_eq!(fs::read(partial.path()).unwrap(), [writer; 16]);
                    }
                    Err(error) => assert_eq!(error.kind(), io::ErrorKind::WouldBlock, "{error}"),
                }
            }
        };
        std::thread::scope(|scope| (0..4).for_each(|writer| drop(scope.spawn(move || writes(writer)))));
        assert_eq!(names(folder.path()), [""; 0]);
    }

    #[test]
    fn two_at_once_and_files_that_are_there() {
        let folder = tempfile::tempdir().unwrap();
        let to = folder.path().join("a");
        let first = Partial::begin(&to, 0o600).unwrap();
        assert_eq!(Partial::begin(&to, 0o600).unwrap_err().kind(), io::ErrorKind::WouldBlock);
        drop(first);
        assert_eq!(names(folder.path()), [""; 0]);
        fs::write(&to, "there").unwrap();
        let refused = Partial::begin(&to, 0o600).unwrap().finish(false).unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::AlreadyExists);
        Partial::begin(&to, 0o600).unwrap().finish(true).unwrap();
        assert_eq!((fs::read_to_string(&to).unwrap(), names(folder.path())), (String::new(), vec!["a".into()]));
    }
}
