//! `usher check-config`

use super::output::say;
use crate::app;
use crate::config::args::Serve;
use crate::config::{Config, process_environment};
use crate::failure::Failure;

/// Prints the configuration that `serve` would run with. Warns of its files that others can read or write and should
/// not, and of a certificate that has expired.
///
/// # Errors
/// [`Failure::Config`], [`Failure::LicenseKeys`], [`Failure::Tls`], [`Failure::Access`]
pub fn run(args: &Serve) -> Result<(), Failure> {
    let config = Config::new(args, &process_environment)?;
    let settings = config.settings();
    say(&settings.iter().map(|(name, value)| format!("{name} = {value}\n")).collect::<String>());
    // Beside the settings, so that these can be read by a program.
    config.exposed.iter().for_each(|exposed| eprintln!("usher: {exposed}"));
    if let Some(warning) = app::check_files(&config)? {
        eprintln!("usher: {warning}");
    }
    Ok(())
}
