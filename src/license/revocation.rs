//! Licenses that the vendor revoked: a signed list, which installations keep with the keys that they trust.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{date, parse};
use crate::ids::{LicenseId, TenantId, Text};
use crate::json::{MAX_NUMBER, Member, Object, Wrong};
use crate::ledger::time::WallTime;

/// Revocation of a license: all revisions up to `through`. A higher revision is a new agreement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revoked {
    pub through: u64,
    /// Reason, for people.
    pub why: Option<Text>,
}

/// All revoked licenses.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Revocations(BTreeMap<(TenantId, LicenseId), Revoked>);

impl Revocations {
    /// Adds an entry. Of two entries about one license the higher revision counts, so that a list can only grow.
    pub fn add(&mut self, tenant: TenantId, license: LicenseId, revoked: Revoked) {
        let known = self.0.entry((tenant, license)).or_insert_with(|| revoked.clone());
        if revoked.through > known.through {
            *known = revoked;
        }
    }

    /// Adds every entry of another list.
    pub fn extend(&mut self, other: Revocations) {
        other.0.into_iter().for_each(|((tenant, license), revoked)| self.add(tenant, license, revoked));
    }

    /// The entry that revokes this revision of a license, if there is one.
    #[must_use]
    pub fn find(&self, tenant: &TenantId, license: &LicenseId, revision: u64) -> Option<&Revoked> {
        // Ids are cheap to clone, and the list is searched once for each installed license.
        self.0.get(&(tenant.clone(), license.clone())).filter(|revoked| revision <= revoked.through)
    }

    /// Number of entries.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All entries, sorted by tenant and license.
    pub fn iter(&self) -> impl Iterator<Item = (&TenantId, &LicenseId, &Revoked)> {
        self.0.iter().map(|((tenant, license), revoked)| (tenant, license, revoked))
    }

    /// The payload of a document.
    #[must_use]
    pub fn to_json(&self, issued: WallTime) -> Value {
        let entries: Vec<Value> =
            self.iter().map(|(tenant, license, revoked)| entry(tenant, license, revoked)).collect();
        json!({ "iat": date::seconds(issued), "revoked": entries })
    }

    /// Reads the payload of a document.
    ///
    /// # Errors
    /// [`Wrong`] names the first member that is missing, unknown, or invalid.
    pub fn parse(payload: &[u8]) -> Result<Self, Wrong> {
        let mut object = Object::parse(payload)?;
        date::read(&object.need("iat")?)?;
        let mut list = Self::default();
        for item in object.need("revoked")?.list()? {
            list.read(item)?;
        }
        object.end()?;
        Ok(list)
    }

    fn read(&mut self, item: Member) -> Result<(), Wrong> {
        let mut object = item.object()?;
        let tenant = object.need("tenant_id")?.parsed(TenantId::parse)?;
        let license = object.need("license_id")?;
        let through = object.need("through_revision")?.number(1..=MAX_NUMBER)?;
        let why = object.may("why").map(|why| why.parsed(parse::text)).transpose()?;
        object.end()?;
        let key = (tenant, license.parsed(LicenseId::parse)?);
        if self.0.insert(key, Revoked { through, why }).is_some() {
            return Err(license.wrong("stands twice"));
        }
        Ok(())
    }
}

fn entry(tenant: &TenantId, license: &LicenseId, revoked: &Revoked) -> Value {
    let mut entry = json!({
        "tenant_id": tenant.as_str(),
        "license_id": license.as_str(),
        "through_revision": revoked.through,
    });
    if let Some(why) = &revoked.why {
        entry["why"] = why.as_str().into();
    }
    entry
}
