//! The rules of the access file, at work.

use std::sync::Arc;

use super::access_file::Access;
use super::oidc::Oidc;
use super::peer::Names;
use super::principal::Principal;
use crate::clock::Clock;

/// Whom certificates stand for, and the tokens of an identity provider.
#[derive(Debug, Default)]
pub struct Rules {
    access: Access,
    pub(super) oidc: Option<Oidc>,
}

impl Rules {
    /// # Errors
    /// The file with the keys of the identity provider, and what is wrong with it.
    pub fn new(access: Access, clock: &Clock) -> Result<Self, String> {
        let oidc = access.oidc.clone().map(|config| Oidc::new(config, clock.clone())).transpose()?;
        Ok(Self { access, oidc })
    }

    pub(super) fn certificate(&self, names: &Names) -> Option<Arc<Principal>> {
        let uris: Vec<&str> = names.uris.iter().map(String::as_str).collect();
        let dns: Vec<&str> = names.dns.iter().map(String::as_str).collect();
        self.access.certificate(&uris, &dns).map(Arc::new)
    }
}
