//! Whether a license is genuine.

use super::admission::InstallTarget;
use super::claims::Claims;
use super::document::{LICENSE, open};
use super::rejection::Rejection;
use super::trust::Trust;
use crate::ledger::time::Wall;

/// A license that somebody who is trusted signed. It may be for somebody else, expired, or revoked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    pub claims: Claims,
    /// The document without anything around it: two documents are the same if these are.
    pub compact: String,
    /// The thumbprint of the key that signed it.
    pub kid: String,
}

impl Trust {
    /// Whether a document is a license that one of the trusted keys signed. Dates are not looked at: the caller
    /// knows what time it is (R31).
    ///
    /// # Errors
    /// The first of: its form, the algorithm, the key, the signature, what it says.
    pub fn verify(&self, document: &str) -> Result<Verified, Rejection> {
        let opened = open(document, LICENSE, |kid| self.key(kid))?;
        let claims = Claims::parse(&opened.payload)?;
        Ok(Verified { claims, compact: opened.compact, kid: opened.kid })
    }

    /// Whether a document may be installed `target`, `at` this time: the one door.
    ///
    /// # Errors
    /// The first of: what [`Trust::verify`] finds, what [`Claims::admits`] finds, revoked.
    pub fn admit(&self, document: &str, target: &InstallTarget, at: Wall) -> Result<Verified, Rejection> {
        let verified = self.verify(document)?;
        verified.claims.admits(target, at)?;
        self.not_revoked(&verified.claims)?;
        Ok(verified)
    }
}
