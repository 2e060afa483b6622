//! The file that holds a token's text, which only its owner can read.

use std::path::PathBuf;

use clap::Args;

use crate::failure::Failure;
use crate::files::named::{Output, PRIVATE};

/// Where a token's text is kept.
#[derive(Debug, Args)]
pub struct OutputArgs {
    /// Write it to this file, which only its owner can read, instead of printing it
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Overwrite the file
    #[arg(long, requires = "out")]
    pub force: bool,
}

/// The file for the token's text. Checks that it can be written before the token is created.
pub fn out(output: &OutputArgs) -> Result<Option<Output<'_>>, Failure> {
    let Some(path) = output.out.as_deref() else { return Ok(None) };
    let out = Output { option: "--out", path, mode: PRIVATE, force: output.force };
    out.check().map_err(usage)?;
    Ok(Some(out))
}

/// The text as the file has it.
pub fn line(secret: &str) -> String {
    format!("{secret}\n")
}

/// A mistake in the options.
pub fn usage(problem: String) -> Failure {
    Failure::Usage(vec![problem])
}
