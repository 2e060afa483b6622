//! `usher license keygen`

use std::path::PathBuf;

use clap::Args;
use secrecy::ExposeSecret;

use crate::commands::output::say;
use crate::failure::Failure;
use crate::files::named::{Output, PRIVATE, PUBLIC};
use crate::ids;
use crate::license::{SigningKey, to_jwks};

#[derive(Debug, Args)]
pub struct KeygenArgs {
    /// File for the private key, readable by its owner only: PKCS#8 in PEM
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
    /// File for the public key, a JWKS [default: the name of --out, ending in .jwks]
    #[arg(long, value_name = "FILE")]
    pub jwks: Option<PathBuf>,
    /// Overwrite both files
    #[arg(long)]
    pub force: bool,
}

/// Generates a key pair, and writes both keys.
pub fn run(args: &KeygenArgs) -> Result<(), Failure> {
    let jwks = args.jwks.clone().unwrap_or_else(|| args.out.with_extension("jwks"));
    let private = Output { option: "--out", path: &args.out, mode: PRIVATE, force: args.force };
    let public = Output { option: "--jwks", path: &jwks, mode: PUBLIC, force: args.force };
    if args.out == jwks {
        return Err(Failure::Usage(vec!["--jwks: is the same file as --out".into()]));
    }
    // Check both before either is written: half a key pair is useless.
    let problems: Vec<_> = [&private, &public].into_iter().filter_map(|output| output.check().err()).collect();
    if !problems.is_empty() {
        return Err(Failure::Usage(problems));
    }
    let seed = ids::random_key();
    let key = SigningKey::from_seed(&seed);
    let usage = |problem| Failure::Usage(vec![problem]);
    private.write(SigningKey::pem(&seed).expose_secret().as_bytes()).map_err(usage)?;
    public.write(to_jwks(&[key.public().clone()]).as_bytes()).map_err(usage)?;
    say(&format!(
        "private key  {} (it signs licenses: keep it secret, and a copy of it safe)\n\
         public key   {} (for everybody who installs Usher)\n\
         key id       {}\n",
        args.out.display(),
        jwks.display(),
        key.public().kid()
    ));
    Ok(())
}
