//! The key that signs the license of the demo tenant, created at the first start. It stays in the data folder, so that
//! more licenses can be signed for a trial; without `--demo` no server trusts it.

use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;

use anyhow::Context;
use secrecy::ExposeSecret;

use crate::config::Storage;
use crate::failure::Failure;
use crate::files::named::{Output, PRIVATE, read_secret};
use crate::ids;
use crate::license::{SigningKey, to_jwks};

/// File of the private key in the data folder.
pub(super) const KEY: &str = "demo-vendor.pem";
const JWKS: &str = "demo-vendor.jwks";

/// Returns the key; creates it if it is missing. On PostgreSQL there is no folder for it: it lives as long as the
/// process.
pub(super) fn key(storage: &Storage) -> Result<SigningKey, Failure> {
    let Storage::Embedded { folder } = storage else {
        return Ok(SigningKey::from_seed(&ids::random_key()));
    };
    let path = folder.join(KEY);
    if path.exists() {
        let pem = read_secret("the demo vendor's key", &path).map_err(anyhow::Error::msg)?;
        return Ok(SigningKey::from_pem(&pem).with_context(|| path.display().to_string())?);
    }
    let made = DirBuilder::new().recursive(true).mode(0o700).create(folder);
    made.with_context(|| folder.display().to_string())?;
    Ok(make(folder).map_err(anyhow::Error::msg)?)
}

fn make(folder: &Path) -> Result<SigningKey, String> {
    let seed = ids::random_key();
    let key = SigningKey::from_seed(&seed);
    let write = |name, mode, bytes: &[u8]| {
        Output { option: "the demo vendor's key", path: &folder.join(name), mode, force: true }.write(bytes)
    };
    // The private key last: if it exists, the pair is complete.
    write(JWKS, PRIVATE, to_jwks(&[key.public().clone()]).as_bytes())?;
    write(KEY, PRIVATE, SigningKey::pem(&seed).expose_secret().as_bytes())?;
    Ok(key)
}
