//! Bounded reads of whole files that users name.

pub mod named;

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// Reads a text of at most `max_bytes` bytes.
pub fn read(path: &Path, max_bytes: u64) -> io::Result<String> {
    let mut text = String::new();
    // One byte more than allowed, so that a longer file is detected.
    File::open(path)?.take(max_bytes + 1).read_to_string(&mut text)?;
    if text.len() as u64 > max_bytes {
        return Err(io::Error::other(format!("is larger than {max_bytes} bytes")));
    }
    Ok(text)
}

/// Access of other users of this machine, who are neither a file's owner nor in its group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Others {
    Read = 0o4,
    Write = 0o2,
}

impl Others {
    /// True if they have this access to the file, through the folders of its path. False if the file does not exist.
    #[must_use]
    pub fn can(self, path: &Path) -> bool {
        let Ok(path) = std::fs::canonicalize(path) else { return false };
        let has = |path: &Path, bit: u32| path.metadata().is_ok_and(|found| found.mode() & bit != 0);
        has(&path, self as u32) && path.ancestors().skip(1).all(|folder| has(folder, 0o1))
    }
}

#[cfg(test)]
mod tests {
    use std::fs::{self, Permissions};
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn what_others_can_do_depends_on_the_file_and_on_the_way_to_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        fs::write(&path, "s").unwrap();
        for (of_folder, of_file, read, write) in [
            (0o755, 0o600, false, false),
            (0o755, 0o640, false, false),
            (0o755, 0o644, true, false),
            (0o755, 0o602, false, true),
            (0o700, 0o666, false, false),
        ] {
            fs::set_permissions(folder.path(), Permissions::from_mode(of_folder)).unwrap();
            fs::set_permissions(&path, Permissions::from_mode(of_file)).unwrap();
            assert_eq!((Others::Read.can(&path), Others::Write.can(&path)), (read, write), "{of_folder:o} {of_file:o}");
        }
        assert!(!Others::Read.can(&folder.path().join("none")));
    }
}
