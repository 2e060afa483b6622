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
    pub(super) oidc: Option<Arc<Oidc>>,
}

impl Rules {
    /// # Errors
    /// The file with the keys of the identity provider, and what is wrong with it.
    pub fn new(access: Access, clock: &Clock) -> Result<Self, String> {
        let made = |config| Oidc::new(config, clock.clone()).map(Arc::new);
        let oidc = access.oidc.clone().map(made).transpose()?;
        Ok(Self { access, oidc })
    }

    /// Rules that take the place of these. What stays as it is keeps its keys: nobody waits for them to be fetched anew.
    ///
    /// # Errors
    /// As [`Rules::new`].
    pub fn replaced_by(&self, access: Access, clock: &Clock) -> Result<Self, String> {
        if access.oidc == self.access.oidc {
            return Ok(Self { access, oidc: self.oidc.clone() });
        }
        Self::new(access, clock)
    }

    pub(super) fn certificate(&self, names: &Names) -> Option<Arc<Principal>> {
        let uris: Vec<&str> = names.uris.iter().map(String::as_str).collect();
        let dns: Vec<&str> = names.dns.iter().map(String::as_str).collect();
        self.access.certificate(&uris, &dns).map(Arc::new)
    }
}
