//! Verification of licenses.

use super::admission::InstallTarget;
use super::claims::Claims;
use super::document::{LICENSE, open};
use super::rejection::Rejection;
use super::trust::Trust;
use crate::ledger::time::WallTime;

/// A license with a valid signature of a trusted key. It may be for another tenant, expired, or revoked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    pub claims: Claims,
    /// The document without anything around it: two documents are equal if these are.
    pub compact: String,
    /// The thumbprint of the key that signed it.
    pub kid: String,
}

impl Trust {
    /// Checks that a document is a license signed with one of the trusted keys. Dates are not checked here, because the
    /// caller has the time (R31).
    ///
    /// # Errors
    /// The first of: invalid form, algorithm, unknown key, invalid signature, invalid claims.
    pub fn verify(&self, document: &str) -> Result<Verified, Rejection> {
        let opened = open(document, LICENSE, |kid| self.key(kid))?;
        let claims = Claims::parse(&opened.payload)?;
        Ok(Verified { claims, compact: opened.compact, kid: opened.kid })
    }

    /// Checks that a document may be installed on `target`, `at` this time. Every installation passes through here.
    ///
    /// # Errors
    /// The first of: the errors of [`Trust::verify`], those of [`Claims::admits`], revoked.
    pub fn admit(&self, document: &str, target: &InstallTarget, at: WallTime) -> Result<Verified, Rejection> {
        let verified = self.verify(document)?;
        verified.claims.admits(target, at)?;
        self.not_revoked(&verified.claims)?;
        Ok(verified)
    }
}
