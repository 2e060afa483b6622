//! A wrong wall clock, for one program.

use std::fs::OpenOptions;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

/// The compiled library that shifts a program's wall clock.
pub struct ClockShim(TempDir);

impl ClockShim {
    /// # Panics
    /// If the C compiler, which SQLite's build needs too, is missing.
    pub fn new() -> Self {
        let folder = tempfile::Builder::new().prefix("usher-clock-").tempdir().expect("a temporary folder");
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/support/clock.c");
        let mut cc = Command::new("cc");
        cc.args(["-shared", "-fPIC", "-Wall", "-Werror", "-O1", "-o"]).arg(folder.path().join("clock.so"));
        let built = cc.arg(source).arg("-ldl").status().expect("the C compiler, `cc`");
        assert!(built.success(), "clock.c does not compile");
        let shim = Self(folder);
        shim.set(0);
        shim
    }

    /// Environment variables that let [`ClockShim::set`] shift a program's wall clock at any time.
    pub fn settable(&self) -> [(&'static str, String); 2] {
        let file = self.file().to_str().expect("a plain path").to_owned();
        let [(preload, library), (clock, _)] = self.environment(0);
        [(preload, library), (clock, file)]
    }

    /// Shifts the wall clock of those programs by `seconds` from now on.
    pub fn set(&self, seconds: i64) {
        // In place and in one write: programs have mapped the file.
        let mut options = OpenOptions::new();
        let file = options.write(true).create(true).truncate(false).open(self.file()).expect("a file");
        file.write_all_at(&seconds.to_ne_bytes(), 0).expect("a file");
    }

    fn file(&self) -> PathBuf {
        self.0.path().join("shift")
    }

    /// Environment variables that shift a program's wall clock by `seconds`.
    pub fn environment(&self, seconds: i64) -> [(&'static str, String); 2] {
        let library = self.0.path().join("clock.so").to_str().expect("a plain path").to_owned();
        [("LD_PRELOAD", library), ("USHER_CLOCK", seconds.to_string())]
    }
}
