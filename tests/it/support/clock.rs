//! A wrong wall clock, for one program.

use std::path::Path;
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
        Self(folder)
    }

    /// Environment variables that shift a program's wall clock by `seconds`.
    pub fn environment(&self, seconds: i64) -> [(&'static str, String); 2] {
        let library = self.0.path().join("clock.so").to_str().expect("a plain path").to_owned();
        [("LD_PRELOAD", library), ("USHER_CLOCK", seconds.to_string())]
    }
}
