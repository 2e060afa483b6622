//! The way to the vendor and back needs whom to trust, and a mail server.

use super::{Config, ConfigProblems};
use crate::notify::is_address;

pub(super) fn check(config: &Config, problems: &mut ConfigProblems) {
    if config.license_url.is_some() && config.license_keys.is_none() && !config.demo {
        problems.add("--license-url: --license-keys is missing: nothing that is found could be verified");
    }
    let Some(to) = &config.license_request_to else { return };
    if !is_address(to) {
        problems.add(format!("--license-request-to: {to:?} is no email address"));
    }
    // Where something is wrong with these, that is told.
    if config.notify.email.is_none() && !["--smtp", "--mail-from"].iter().any(|option| problems.mentions(option)) {
        problems.add("--license-request-to: --smtp-url is missing");
    }
}
