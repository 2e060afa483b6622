//! `usher license verify`

use std::path::PathBuf;

use clap::Args;

use super::inspect::show;
use crate::failure::Failure;

#[derive(Debug, Args)]
pub struct VerifyArgs {
    /// The license
    pub file: PathBuf,
    /// Who may have signed it: a JWKS file, or a folder of them and of revocation lists
    #[arg(long, value_name = "PATH")]
    pub keys: PathBuf,
    /// Answer in JSON
    #[arg(long)]
    pub json: bool,
}

/// Shows and verifies a license.
pub fn run(args: &VerifyArgs) -> Result<(), Failure> {
    show(&args.file, Some(&args.keys), args.json)
}
