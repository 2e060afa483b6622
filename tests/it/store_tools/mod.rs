//! `usher store`, and PostgreSQL's own tools, on stores of the real program: backups and copies are recounted, and
//! served from.

mod backing_up;
mod checking;
mod copying;
mod leaving;
mod migrating;
mod operations;
mod refusing;
mod renewing;
pub mod test_data;

use std::path::Path;
use std::process::{Command, Output, Stdio};

use crate::support::program::Data;

/// The result of a command: exit code and output.
#[derive(Debug)]
pub struct Ran {
    pub code: Option<i32>,
    pub printed: String,
    pub errors: String,
}

impl Ran {
    /// Returns the output of a command that must succeed without any error text.
    pub fn printed(self) -> String {
        assert_eq!((self.code, &*self.errors), (Some(0), ""), "{}", self.printed);
        self.printed
    }

    /// Returns the error text of a command that must fail with this code.
    pub fn refused(self, code: i32) -> String {
        assert_eq!(self.code, Some(code), "{self:?}");
        self.errors.strip_prefix("usher: ").unwrap_or_else(|| panic!("{}", self.errors)).trim_end().to_owned()
    }
}

/// `usher store …` without the test's environment.
pub fn command(words: &[&str], url: Option<&str>) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_usher"));
    command.env_clear().arg("store").args(words).envs(url.map(|url| ("DATABASE_URL", url))).stdin(Stdio::null());
    command
}

pub fn ran(command: &mut Command) -> Ran {
    let Output { status, stdout, stderr } = command.output().expect("the program starts");
    let [printed, errors] = [stdout, stderr].map(|bytes| String::from_utf8(bytes).expect("text"));
    assert!(!errors.contains("panicked"), "{command:?}: {errors}");
    Ran { code: status.code(), printed, errors }
}

pub fn check(data: &Data) -> Ran {
    match data {
        Data::Folder(folder) => ran(&mut command(&["check", "--data-dir", path(folder)], None)),
        Data::Postgres(url) => ran(&mut command(&["check"], Some(url))),
    }
}

pub fn backup(folder: &Path, to: &Path) -> Ran {
    ran(&mut command(&["backup", "--data-dir", path(folder), "--to", path(to)], None))
}

fn copy(folder: &Path, url: &str) -> Ran {
    ran(&mut command(&["copy", "--from", path(folder)], Some(url)))
}

pub fn path(path: &Path) -> &str {
    path.to_str().expect("a plain path")
}

/// Parses the table that `check` and `copy` print: the numbers of each shard, without the time of its last event.
fn counts(printed: &str) -> Vec<Vec<u64>> {
    let lines = printed.lines().skip_while(|line| !line.trim_start().starts_with("shard"));
    let numbers = |line: &str| line.split_whitespace().map_while(|word| word.parse().ok()).collect::<Vec<u64>>();
    lines.skip(1).map(numbers).take_while(|numbers| !numbers.is_empty()).collect()
}
