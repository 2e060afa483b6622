//! The rules of the access file, with the keys that they need.

use std::sync::Arc;

use super::access_file::Access;
use super::oidc::Oidc;
use super::peer::Names;
use super::principal::Principal;
use crate::clock::Clock;

/// Rules for certificates, and for the tokens of an identity provider.
#[derive(Debug, Default)]
pub struct Rules {
    access: Access,
    pub(super) oidc: Option<Arc<Oidc>>,
}

impl Rules {
    /// Reads the keys that the rules need, if they are in a file.
    ///
    /// # Errors
    /// The file with the keys of the identity provider, and why it cannot be used.
    pub fn new(access: Access, clock: &Clock) -> Result<Self, String> {
        let made = |config| Oidc::new(config, clock.clone()).map(Arc::new);
        let oidc = access.oidc.clone().map(made).transpose()?;
        Ok(Self { access, oidc })
    }

    /// Makes rules that replace these. If the identity provider is unchanged, its keys are kept, so that no call waits
    /// for them.
    ///
    /// # Errors
    /// As [`Rules::new`].
    pub fn replaced_by(&self, access: Access, clock: &Clock) -> Result<Self, String> {
        if access.oidc == self.access.oidc {
            return Ok(Self { access, oidc: self.oidc.clone() });
        }
        Self::new(access, clock)
    }

    /// [`Access::hash`]
    pub(super) fn hash(&self) -> &str {
        &self.access.hash
    }

    pub(super) fn certificate(&self, names: &Names) -> Option<Arc<Principal>> {
        let uris: Vec<&str> = names.uris.iter().map(String::as_str).collect();
        let dns: Vec<&str> = names.dns.iter().map(String::as_str).collect();
        self.access.certificate(&uris, &dns).map(Arc::new)
    }
}
