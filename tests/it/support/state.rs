//! The folder in which programs that share a database keep what outlives them: the locks by which one knows that another
//! is gone. One for a test process. A shell watches over it, as over a cluster ([`super::postgres`]), and deletes it when the
//! process has ended, however it ended.

use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;

const WATCH: &str = r#"trap '' PIPE; cat >/dev/null; rm -rf "$1""#;

/// # Panics
/// When there is no temporary folder, or no shell.
pub fn folder() -> &'static Path {
    // The shell reads from its pipe for as long as this lives.
    static STATE: OnceLock<(PathBuf, Child)> = OnceLock::new();
    let (folder, _) = STATE.get_or_init(|| {
        let folder = tempfile::Builder::new().prefix("usher-state-").tempdir().expect("a temporary folder").keep();
        let mut shell = Command::new("sh");
        shell.args(["-c", WATCH, "sh"]).arg(&folder);
        // A group of its own: Ctrl-C is for the tests, and the shell must outlive them by a moment.
        let watch = shell.process_group(0).stdin(Stdio::piped()).stdout(Stdio::null()).spawn().expect("sh");
        (folder, watch)
    });
    folder
}
