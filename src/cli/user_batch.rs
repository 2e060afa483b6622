//! Options for users: on the command line, in a file, or both.

use std::path::PathBuf;

use clap::Args;

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
