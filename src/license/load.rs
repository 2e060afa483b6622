//! Reads the trust set from files: all of it, or nothing.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::{fs, io};

use super::key::parse_jwks;
use super::trust::Trust;
use crate::files;

/// Largest file in bytes.
const MAX_FILE_BYTES: u64 = 1024 * 1024;

/// The file, and the mistake in it.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}: {what}", file.display())]
pub struct LoadError {
    pub file: PathBuf,
    pub what: String,
}

impl LoadError {
    fn new(file: &Path, what: impl ToString) -> Self {
        Self { file: file.to_owned(), what: what.to_string() }
    }
}

/// Reads a JWKS file, or a folder: its `*.jwks` and `*.json` files contain public keys, its `*.revoked` files contain
/// lists signed with one of these keys. Other files and subfolders are ignored.
///
/// # Errors
/// [`LoadError`] names the first file that cannot be read or is wrong, or the path itself if it contains no key.
pub fn load_trust(path: &Path) -> Result<Trust, LoadError> {
    let files = if path.is_dir() { files_in(path)? } else { vec![path.to_owned()] };
    let mut trust = Trust::default();
    for file in files.iter().filter(|file| !ends_with(file, "revoked")) {
        let keys = parse_jwks(&read(file)?).map_err(|wrong| LoadError::new(file, wrong))?;
        trust.add_keys(keys);
    }
    if trust.keys().next().is_none() {
        return Err(LoadError::new(path, "has no key"));
    }
    // After all keys, because any of them may have signed any list.
    for file in files.iter().filter(|file| ends_with(file, "revoked")) {
        trust.add_revocations(&read(file)?).map_err(|rejection| LoadError::new(file, rejection))?;
    }
    Ok(trust)
}

/// Sorted, so that with several wrong files always the same one is reported.
fn files_in(folder: &Path) -> Result<Vec<PathBuf>, LoadError> {
    let failed = |error: io::Error| LoadError::new(folder, error);
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if ["jwks", "json", "revoked"].iter().any(|ending| ends_with(&path, ending)) {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

fn ends_with(path: &Path, ending: &str) -> bool {
    path.extension() == Some(OsStr::new(ending))
}

fn read(path: &Path) -> Result<String, LoadError> {
    files::read(path, MAX_FILE_BYTES).map_err(|error| LoadError::new(path, error))
}
