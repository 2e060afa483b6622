//! A lock file by which a process learns that its predecessor has ended: the operating system releases the lock when a
//! process ends, in whatever way. That is proof only on the same machine, in the same boot, and on a file system that
//! this kernel alone manages.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use crate::clock::boot_id;
use crate::ids::InstanceId;
use crate::store::nodes::LockName;

/// The lock file of an installation in a folder, whether it is held or not.
#[derive(Debug)]
pub struct LockFile {
    /// `None`: this process uses no lock file.
    path: Option<PathBuf>,
    held: Option<(File, LockName)>,
}

impl LockFile {
    /// The lock file `usher-<installation>.lock` in a folder, with the number of its cell unless that is 0: the dead
    /// nodes of each cell are declared for themselves. It is not taken yet.
    #[must_use]
    pub fn new(folder: &Path, instance: InstanceId, number: u16) -> Self {
        let cell = if number == 0 { String::new() } else { format!("-{number}") };
        Self { path: Some(folder.join(format!("usher-{instance}{cell}.lock"))), held: None }
    }

    /// For a process whose end cannot be proved to others.
    #[must_use]
    pub fn none() -> Self {
        Self { path: None, held: None }
    }

    /// Takes the lock if it is free, and returns its name if this process holds it. Without the lock a start after a
    /// crash takes a few seconds longer; nothing else depends on it.
    pub fn hold(&mut self) -> Option<LockName> {
        if let (None, Some(path)) = (&self.held, &self.path) {
            self.held = take(path).unwrap_or_else(|error| {
                tracing::debug!(path = %path.display(), %error, "no lock file");
                None
            });
        }
        self.held.as_ref().map(|(_, name)| name.clone())
    }
}

fn take(path: &Path) -> io::Result<Option<(File, LockName)>> {
    if let Some(folder) = path.parent() {
        DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    }
    let flags = rustix::fs::OFlags::NOFOLLOW.bits().cast_signed();
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false).mode(0o600).custom_flags(flags);
    let file = options.open(path)?;
    if !is_local(&file) || file.try_lock().is_err() {
        return Ok(None);
    }
    // If the file was removed meanwhile, the next process would lock another file.
    let (mine, there) = (file.metadata()?, path.symlink_metadata()?);
    let same = (mine.dev(), mine.ino()) == (there.dev(), there.ino());
    let name = boot_id().filter(|_| same).map(|boot| LockName(format!("{boot} {} {}", mine.dev(), mine.ino()).into()));
    Ok(name.map(|name| (file, name)))
}

/// Returns whether this kernel knows every lock on the file system: on NFS and similar systems a lock can be lost while
/// its holder is alive.
#[cfg(target_os = "linux")]
fn is_local(file: &File) -> bool {
    /// ext, XFS, Btrfs, tmpfs, ramfs, overlay, ZFS, F2FS, bcachefs.
    const LOCAL: [u32; 9] = [
        0xEF53,
        0x5846_5342,
        0x9123_683E,
        0x0102_1994,
        0x8584_58F6,
        0x794C_7630,
        0x2FC1_2FC1,
        0xF2F5_2010,
        0xCA45_1A4E,
    ];
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // Magic numbers have 32 bits.
    rustix::fs::fstatfs(file).is_ok_and(|found| LOCAL.contains(&(found.f_type as u32)))
}

#[cfg(not(target_os = "linux"))]
fn is_local(_file: &File) -> bool {
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_holds_the_same_lock_later_knows_that_the_first_is_gone() {
        let folder = tempfile::tempdir().unwrap();
        let instance = InstanceId::random();
        let mut first = LockFile::new(folder.path(), instance, 0);
        let held = first.hold();
        assert!(held.is_some() && first.hold() == held);
        let mut second = LockFile::new(folder.path(), instance, 0);
        assert_eq!(second.hold(), None, "the first one lives");
        drop(first);
        assert_eq!(second.hold(), held, "the same lock of the same boot");
    }

    #[test]
    fn another_file_proves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let instance = InstanceId::random();
        let mut first = LockFile::new(folder.path(), instance, 0);
        let held = first.hold();
        std::fs::remove_file(first.path.as_ref().unwrap()).unwrap();
        let mut second = LockFile::new(folder.path(), instance, 0);
        let other = second.hold();
        assert!(other.is_some() && other != held, "{other:?}: the first one still has its own");
        assert_eq!(LockFile::new(Path::new("/proc/no/such"), instance, 0).hold(), None);
    }
}
