//! The check of `usher check-config`.

use std::sync::Arc;

use super::api_security::ApiSecurity;
use super::licensing::Vendors;
use crate::clock::Clock;
use crate::config::Config;
use crate::failure::Failure;

/// Reads the license keys, certificates and credentials that `config` names, as the start does. Returns a warning, such
/// as of a certificate that has expired.
///
/// # Errors
/// [`Failure::LicenseKeys`], [`Failure::Tls`], [`Failure::Access`]
pub fn check_files(config: &Config) -> Result<Option<String>, Failure> {
    Vendors::new(config.license_keys.clone(), None).read()?;
    Ok(ApiSecurity::read(config, Arc::default(), Clock::system())?.warning())
}
