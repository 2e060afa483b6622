//! Users that are named on the command line, in a file, or both.

use std::path::{Path, PathBuf};

use clap::Args;

use crate::failure::Failure;
use crate::files::named::{read, read_input};

#[derive(Debug, Args)]
#[group(required = true, multiple = true)]
pub struct UserBatch {
    /// The users
    #[arg(value_name = "USER")]
    pub users: Vec<String>,
    /// A file with users, one a line; - is standard input
    #[arg(long, value_name = "FILE")]
    pub users_file: Option<PathBuf>,
}

const OPTION: &str = "--users-file";

/// Largest file in bytes: 250,000 of the longest ids.
const MAX_BYTES: usize = 64 * 1024 * 1024;

/// Returns the users, those of the command line first.
///
/// # Errors
/// [`Failure::Usage`]: the file cannot be read, or names no user.
pub fn batch(args: &UserBatch) -> Result<Vec<String>, Failure> {
    let mut users = args.users.clone();
    if let Some(file) = &args.users_file {
        users.extend(of_file(file).map_err(|problem| Failure::Usage(vec![problem]))?);
    }
    Ok(users)
}

fn of_file(file: &Path) -> Result<Vec<String>, String> {
    let text = if file == Path::new("-") { read_input(OPTION, MAX_BYTES) } else { read(OPTION, file, MAX_BYTES) }?;
    if text.len() > MAX_BYTES {
        return Err(format!("{OPTION}: {}: is longer than {MAX_BYTES} bytes", file.display()));
    }
    // Some editors begin a file with a byte order mark.
    let lines = text.trim_start_matches('\u{feff}').lines().map(str::trim);
    let users: Vec<_> = lines.filter(|line| !line.is_empty()).map(str::to_owned).collect();
    if users.is_empty() {
        return Err(format!("{OPTION}: {}: names nobody", file.display()));
    }
    Ok(users)
}
