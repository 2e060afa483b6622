//! Checks what the exchange with the vendor needs: license keys to verify what is fetched, and a mail server to send
//! requests.

use super::{Config, ConfigProblems};
use crate::notify::is_address;

pub(super) fn check(config: &Config, problems: &mut ConfigProblems) {
    if config.license_url.is_some() && config.license_keys.is_none() && !config.demo {
        problems.add("--license-url: --license-keys is missing; without it no license can be verified");
    }
    let Some(to) = &config.license_request_to else { return };
    if !is_address(to) {
        problems.add(format!("--license-request-to: {to:?} is not an email address"));
    }
    // If the options of the mail server are wrong, they are reported, and this is no second mistake.
    if config.notify.email.is_none() && !["--smtp", "--mail-from"].iter().any(|option| problems.mentions(option)) {
        problems.add("--license-request-to: --smtp-url is missing");
    }
}
