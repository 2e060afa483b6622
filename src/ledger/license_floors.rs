//! Which revisions of its licenses a tenant had, by its id, when it was deleted: a tenant of the same id does not get an
//! older one (R27). Deleting and creating opens no way back.

use super::license::LicenseRow;
use super::map::{Map, Seed};
use crate::ids::{LicenseId, TenantId};

/// Licenses of one tenant id that are remembered, the installed ones included.
pub const MAX_REMEMBERED: usize = 1_000;

/// The newest revision of one license that tenants of this id have had. Outlives the tenant; never deleted.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct LicenseFloor {
    pub tenant: TenantId,
    pub license: LicenseId,
    pub revision: u64,
    /// As in [`LicenseRow`].
    pub revoked_up_to: Option<u64>,
    /// Of the document: the same one may come back.
    pub fingerprint: u64,
}

impl LicenseFloor {
    pub(super) fn of(tenant: &TenantId, row: &LicenseRow) -> Self {
        Self {
            tenant: tenant.clone(),
            license: row.id.clone(),
            revision: row.revision,
            revoked_up_to: row.revoked_up_to,
            fingerprint: fingerprint(&row.terms.document),
        }
    }
}

/// FNV-1a. It is in the stores: never change it.
pub(super) fn fingerprint(document: &str) -> u64 {
    let step = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
    document.bytes().fold(0xcbf2_9ce4_8422_2325, step)
}

/// Sorted by license.
pub(super) type Floors = Box<[LicenseFloor]>;

/// The shard's, by tenant id.
#[derive(Debug)]
pub(super) struct AllFloors(Map<TenantId, Floors>);

impl AllFloors {
    pub fn new(seed: Seed) -> Self {
        Self(Map::with_hasher(seed))
    }

    pub fn of(&self, tenant: &TenantId) -> Floors {
        self.0.get(tenant).cloned().unwrap_or_default()
    }

    /// Takes them in, each in the place of the one of its license.
    pub fn put(&mut self, tenant: &TenantId, fresh: impl IntoIterator<Item = LicenseFloor>) {
        let mut floors = self.0.remove(tenant).unwrap_or_default().into_vec();
        for floor in fresh {
            match floors.binary_search_by(|other| other.license.cmp(&floor.license)) {
                Ok(at) => floors[at] = floor,
                Err(at) => floors.insert(at, floor),
            }
        }
        if !floors.is_empty() {
            self.0.insert(tenant.clone(), floors.into());
        }
    }
}
