//! Trust set of an installation: public keys of the vendor, several while they are rotated, and the vendor's
//! revocations. It is local; no document can add to it.

use std::collections::BTreeMap;

use ring::digest::{SHA256, digest};
use serde_json::json;

use super::claims::Claims;
use super::document::{REVOCATIONS, open};
use super::key::PublicKey;
use super::rejection::Rejection;
use super::revocation::Revocations;
use crate::ledger::time::WallTime;

/// Trusted keys and revoked licenses. An empty set trusts nobody.
#[derive(Debug, Clone, Default)]
pub struct Trust {
    keys: BTreeMap<String, PublicKey>,
    revocations: Revocations,
}

impl Trust {
    /// Trusts these keys; no license is revoked.
    #[must_use]
    pub fn new(keys: impl IntoIterator<Item = PublicKey>) -> Self {
        let mut trust = Self::default();
        trust.add_keys(keys);
        trust
    }

    /// Adds keys; a key that is trusted already stays.
    pub fn add_keys(&mut self, keys: impl IntoIterator<Item = PublicKey>) {
        self.keys.extend(keys.into_iter().map(|key| (key.kid().to_owned(), key)));
    }

    /// Adds a revocation list that is signed with one of the keys.
    ///
    /// # Errors
    /// [`Rejection`]: it is not signed by one of them, or is unreadable; then no entry of it counts.
    pub fn add_revocations(&mut self, list: &str) -> Result<(), Rejection> {
        let list = self.open_revocations(list)?;
        self.revocations.extend(list);
        Ok(())
    }

    /// Reads a revocation list that is signed with one of the keys.
    ///
    /// # Errors
    /// [`Rejection`]: it is not signed by one of them, or is unreadable.
    pub fn open_revocations(&self, list: &str) -> Result<Revocations, Rejection> {
        let opened = open(list, REVOCATIONS, |kid| self.key(kid))?;
        Ok(Revocations::parse(&opened.payload)?)
    }

    pub(super) fn key(&self, kid: &str) -> Option<&PublicKey> {
        self.keys.get(kid)
    }

    /// All keys, sorted by thumbprint.
    pub fn keys(&self) -> impl Iterator<Item = &PublicKey> {
        self.keys.values()
    }

    /// SHA-256 of what it trusts and revokes, in hexadecimal digits, except for the key `own` of this process: two
    /// processes with the same files have the same hash (C10).
    #[must_use]
    pub fn hash(&self, own: Option<&PublicKey>) -> String {
        let keys: Vec<&str> = self.keys().filter(|key| Some(*key) != own).map(PublicKey::kid).collect();
        // The keys and the list are sorted. The time of issue stands for no list in particular.
        let all = json!({ "keys": keys, "revocations": self.revocations.to_json(WallTime(0)) });
        digest(&SHA256, all.to_string().as_bytes()).as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// The revocations of all lists.
    #[must_use]
    pub fn revocations(&self) -> &Revocations {
        &self.revocations
    }

    /// Checks that the vendor has not revoked this license.
    ///
    /// # Errors
    /// [`Rejection::Revoked`]
    pub fn not_revoked(&self, claims: &Claims) -> Result<(), Rejection> {
        match self.revocations.find(&claims.tenant, &claims.license, claims.revision) {
            Some(revoked) => Err(Rejection::Revoked(revoked.clone())),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use secrecy::SecretBox;

    use super::*;
    use crate::ids::{LicenseId, TenantId};
    use crate::license::SigningKey;
    use crate::license::revocation::Revoked;

    fn key(seed: u8) -> PublicKey {
        SigningKey::from_seed(&SecretBox::new(Box::new([seed; 32]))).public().clone()
    }

    fn revoking(through: u64, of: &str) -> Revocations {
        let mut list = Revocations::default();
        list.add(TenantId::stored(of), LicenseId::stored("base"), Revoked { through, why: None });
        list
    }

    #[test]
    fn c10_the_hash_is_the_same_for_the_same_keys_and_revocations_alone() {
        let trust = |keys: &[u8], lists: &[Revocations]| {
            let mut trust = Trust::new(keys.iter().map(|seed| key(*seed)));
            lists.iter().for_each(|list| trust.revocations.extend(list.clone()));
            trust
        };
        let (acme, bolt) = (revoking(3, "acme"), revoking(5, "bolt"));
        let hash = trust(&[1, 2], &[acme.clone(), bolt.clone()]).hash(None);
        assert_eq!(trust(&[2, 1], &[bolt.clone(), acme.clone()]).hash(None), hash, "in whatever order files are read");
        for other in [
            trust(&[1], &[acme.clone(), bolt.clone()]),
            trust(&[1, 3], &[acme.clone(), bolt.clone()]),
            trust(&[1, 2], std::slice::from_ref(&acme)),
            trust(&[1, 2], &[acme, revoking(6, "bolt")]),
            Trust::default(),
        ] {
            assert_ne!(other.hash(None), hash);
        }
        let with_own = trust(&[1, 2, 9], &[revoking(3, "acme"), bolt]);
        assert_eq!(with_own.hash(Some(&key(9))), hash, "the key of a demo is each process's own");
        assert_ne!(with_own.hash(None), hash);
    }
}
