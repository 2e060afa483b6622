//! Fixture: a folder with a vendor's keys, in which the real program runs `usher license`.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use secrecy::ExposeSecret;
use serde_json::Value;
use tempfile::TempDir;
use usher::license::{SigningKey, to_jwks};

use super::{public, seed};

/// A folder in which commands run.
pub struct Workspace {
    pub folder: TempDir,
}

/// Exit code and output of a command.
#[derive(Debug)]
pub struct Ran {
    pub code: Option<i32>,
    pub printed: String,
    pub errors: String,
}

impl Workspace {
    pub fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    /// Creates a folder with a vendor's key in `vendor.pem` and `vendor.jwks`.
    pub fn with_key() -> Self {
        let workspace = Self::new();
        workspace.write("vendor.pem", SigningKey::pem(&seed(1)).expose_secret());
        workspace.write("vendor.jwks", &to_jwks(&[public(1)]));
        workspace
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
    }

    pub fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    /// Runs a command; its words are separated by spaces.
    pub fn run(&self, words: &str) -> Ran {
        let mut command = Command::new(env!("CARGO_BIN_EXE_usher"));
        command.arg("license").args(words.split_whitespace()).current_dir(self.folder.path());
        let Output { status, stdout, stderr } =
            command.env_clear().stdin(Stdio::null()).output().expect("the program starts");
        let [printed, errors] = [stdout, stderr].map(|bytes| String::from_utf8(bytes).unwrap());
        assert!(!errors.contains("panicked"), "{words}: {errors}");
        Ran { code: status.code(), printed, errors }
    }

    pub fn succeeds(&self, words: &str) -> String {
        let ran = self.run(words);
        assert_eq!((ran.code, &*ran.errors), (Some(0), ""), "{words}");
        ran.printed
    }

    /// Returns the lines of standard error, one for each problem. Panics unless the command fails with this code and
    /// prints nothing else.
    pub fn fails(&self, words: &str, code: i32) -> Vec<String> {
        let ran = self.run(words);
        assert_eq!(ran.code, Some(code), "{words}: {ran:?}");
        assert!(code == 10 || ran.printed.is_empty(), "{words}: {ran:?}");
        ran.errors
            .lines()
            .map(|line| line.strip_prefix("usher: ").unwrap_or_else(|| panic!("{line}")).to_owned())
            .collect()
    }

    pub fn mode(&self, name: &str) -> u32 {
        fs::metadata(self.path(name)).unwrap().permissions().mode() & 0o777
    }

    /// Returns the names of all files in the folder, hidden ones included.
    pub fn files(&self) -> Vec<String> {
        let files = fs::read_dir(self.folder.path()).unwrap();
        let mut files: Vec<_> = files.map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
        files.sort();
        files
    }
}

pub fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}
