//! The keys of commands that sign and check licenses.

use std::path::{Path, PathBuf};

use clap::Args;

use crate::files::named::read_secret;
use crate::license::{SigningKey, Trust, load_trust};

#[derive(Debug, Args)]
pub struct SigningArgs {
    /// The key that signs: a file as `usher license keygen` makes it
    #[arg(long, value_name = "FILE")]
    pub key: PathBuf,
    /// More keys that may have signed what is continued here: a JWKS file or a folder of them
    #[arg(long, value_name = "PATH")]
    pub keys: Option<PathBuf>,
}

/// The key that signs, and the keys whose documents it may continue: itself, and those of `--keys`.
pub fn signing(args: &SigningArgs) -> Result<(SigningKey, Trust), Vec<String>> {
    let key = read_secret("--key", &args.key)
        .and_then(|pem| SigningKey::from_pem(&pem).map_err(|error| format!("--key: {}: {error}", args.key.display())));
    let trust = args.keys.as_deref().map_or(Ok(Trust::default()), trusted);
    match (key, trust) {
        (Ok(key), Ok(mut trust)) => {
            trust.add_keys([key.public().clone()]);
            Ok((key, trust))
        }
        (key, trust) => Err([key.err(), trust.err()].into_iter().flatten().collect()),
    }
}

/// The keys of `--keys`.
pub fn trusted(keys: &Path) -> Result<Trust, String> {
    load_trust(keys).map_err(|error| format!("--keys: {error}"))
}
