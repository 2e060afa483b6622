//! Full disks and slow disks.

use std::fs::{self, File, OpenOptions};
use std::io::{BufRead, BufReader, ErrorKind, Write};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;

/// Mounts the disk: $1 is the folder, $2 the size. The shell reads from a pipe that the test process holds. When that
/// process ends in whatever way, the pipe closes, and the shell unmounts the disk: as soon as no process uses it any
/// more, and after ten seconds in any case.
const WATCH: &str = r#"
    trap '' PIPE
    if mount -t tmpfs -o "size=$2,mode=0777" tmpfs "$1" 2>/dev/null
    then
        echo mounted; cat >/dev/null
        for _ in $(seq 100); do umount "$1" 2>/dev/null && break; sleep 0.1; done
        if mountpoint -q "$1"; then umount -l "$1"; fi
    fi
    rmdir "$1"
"#;

/// A small disk in memory. Dropping it unmounts it and deletes everything on it.
pub struct SmallDisk {
    pub path: PathBuf,
    shell: Child,
}

impl SmallDisk {
    /// Returns `None` if this process has no permission to mount.
    pub fn new(size: &str) -> Option<Self> {
        let folder = tempfile::Builder::new().prefix("usher-disk-").tempdir().expect("a temporary folder");
        let mut shell = Command::new("sh");
        shell.args(["-c", WATCH, "sh"]).arg(folder.path()).arg(size);
        shell.process_group(0).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut shell = shell.spawn().expect("sh");
        // The shell deletes the folder.
        let path = folder.keep();
        let mut line = String::new();
        BufReader::new(shell.stdout.take().expect("a pipe")).read_line(&mut line).expect("a line");
        if line.trim() == "mounted" {
            return Some(Self { path, shell });
        }
        shell.wait().expect("sh");
        None
    }

    fn filler(&self) -> PathBuf {
        self.path.join("filler")
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        drop(self.shell.stdin.take());
        let _ = self.shell.wait();
    }
}

/// The compiled library that intercepts a program's calls to its disk.
pub struct Shim {
    folder: TempDir,
}

impl Shim {
    /// # Panics
    /// If the C compiler, which SQLite's build needs too, is missing.
    pub fn new() -> Self {
        let folder = tempfile::Builder::new().prefix("usher-shim-").tempdir().expect("a temporary folder");
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/support/disk.c");
        let mut cc = Command::new("cc");
        cc.args(["-shared", "-fPIC", "-Wall", "-Werror", "-O1", "-o"]).arg(folder.path().join("disk.so"));
        let built = cc.arg(source).arg("-ldl").status().expect("the C compiler, `cc`");
        assert!(built.success(), "disk.c does not compile");
        // PostgreSQL's own user must read it, too.
        let open = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        fs::set_permissions(folder.path(), open).expect("chmod");
        let shim = Self { folder };
        shim.says("0 0");
        shim
    }

    /// Environment variables that load the library into a program.
    pub fn environment(&self) -> [(&'static str, String); 2] {
        let path = |name| self.folder.path().join(name).to_str().expect("a plain path").to_owned();
        [("LD_PRELOAD", path("disk.so")), ("USHER_DISK", path("says"))]
    }

    /// Makes each sync take this much longer from now on.
    pub fn syncs_take(&self, longer: Duration) {
        self.says(&format!("{} 0", longer.as_millis()));
    }

    fn says(&self, text: &str) {
        // Replaced in one step, so that no program reads half of it.
        let fresh = self.folder.path().join("fresh");
        fs::write(&fresh, text).expect("a file");
        fs::rename(fresh, self.folder.path().join("says")).expect("a file");
    }
}

/// A disk that a test can fill.
pub enum Disk {
    Small(SmallDisk),
    /// Used where mounting is not permitted: a folder, and a shim that reports to programs that the disk is full.
    Pretended(Shim, TempDir),
}

impl Disk {
    pub fn new(size: &str) -> Self {
        SmallDisk::new(size).map_or_else(|| Self::Pretended(Shim::new(), tempfile::tempdir().unwrap()), Self::Small)
    }

    pub fn path(&self) -> &Path {
        match self {
            Self::Small(disk) => &disk.path,
            Self::Pretended(_, folder) => folder.path(),
        }
    }

    pub fn environment(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::Small(_) => Vec::new(),
            Self::Pretended(shim, _) => shim.environment().into(),
        }
    }

    /// Leaves no room for one more byte.
    pub fn fill(&self) {
        let disk = match self {
            Self::Small(disk) => disk,
            Self::Pretended(shim, _) => return shim.says("0 1"),
        };
        let mut filler: File = OpenOptions::new().create(true).append(true).open(disk.filler()).expect("a file");
        for size in [64 * 1024, 4096, 1] {
            let block = vec![0; size];
            let full = std::iter::repeat_with(|| filler.write_all(&block)).find_map(Result::err).expect("an end");
            assert_eq!(full.kind(), ErrorKind::StorageFull, "{full}");
        }
    }

    /// Frees the space again.
    pub fn make_room(&self) {
        match self {
            Self::Small(disk) => fs::remove_file(disk.filler()).expect("the filler"),
            Self::Pretended(shim, _) => shim.says("0 0"),
        }
    }
}
