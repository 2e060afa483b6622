//! The state folder of programs that share a database, for all programs of one test process. It contains what outlives
//! a program: the locks by which another program knows that it is gone. A shell watches the folder, as
//! [`super::postgres`] has it for a cluster, and deletes it when the test process has ended in whatever way.

use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;

const WATCH: &str = r#"trap '' PIPE; cat >/dev/null; rm -rf "$1""#;

/// # Panics
/// If the folder cannot be created, or there is no shell.
pub fn folder() -> &'static Path {
    // The shell reads from its pipe for as long as this value lives.
    static STATE: OnceLock<(PathBuf, Child)> = OnceLock::new();
    let (folder, _) = STATE.get_or_init(|| {
        let folder = tempfile::Builder::new().prefix("usher-state-").tempdir().expect("a temporary folder").keep();
        let mut shell = Command::new("sh");
        shell.args(["-c", WATCH, "sh"]).arg(&folder);
        // A process group of its own: Ctrl-C is meant for the tests, and the shell must outlive them by a moment.
        let watch = shell.process_group(0).stdin(Stdio::piped()).stdout(Stdio::null()).spawn().expect("sh");
        (folder, watch)
    });
    folder
}
