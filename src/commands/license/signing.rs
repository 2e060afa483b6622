//! `usher license`: the commands of a vendor, and those with which anybody inspects a license. They need no server;
//! commands that call a server are in `license_calls`.

pub(super) mod files;
mod issue;
mod keygen;
mod revoke;
mod show;
pub(super) mod terms;

use std::path::Path;

use super::Failure;
use super::answers::say;
use crate::cli::license::{Signing, Vendor};
use crate::clock::Clock;
use crate::license::{SigningKey, Trust, load_trust};

/// Runs a command about licenses.
///
/// # Errors
/// [`Failure`]: all mistakes in the command, or the license is not valid.
pub fn license(command: &Vendor) -> Result<(), Failure> {
    let now = Clock::system().wall();
    match command {
        Vendor::Keygen(args) => keygen::run(args),
        Vendor::Issue(args) => issue::run(args, now),
        Vendor::Inspect(args) => show::run(&args.file, args.keys.as_deref(), args.json, now),
        Vendor::Verify(args) => show::run(&args.file, Some(&args.keys), args.json, now),
        Vendor::Revoke(args) => revoke::run(args, now),
    }
}

/// The key that signs, and the keys whose documents it may continue: itself, and those of `--keys`.
fn signing(args: &Signing) -> Result<(SigningKey, Trust), Vec<String>> {
    let key = files::read_secret("--key", &args.key)
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

fn trusted(keys: &Path) -> Result<Trust, String> {
    load_trust(keys).map_err(|error| format!("--keys: {error}"))
}
