//! License floors of a shard, by tenant id.

use super::map::{Map, Seed};
use crate::ids::TenantId;
use crate::ledger::model::license_floors::LicenseFloor;

/// Floors of one tenant id, sorted by license.
pub(in crate::ledger) type Floors = Box<[LicenseFloor]>;

/// All floors of the shard, by tenant id.
#[derive(Debug)]
pub(in crate::ledger) struct AllFloors(Map<TenantId, Floors>);

impl AllFloors {
    pub fn new(seed: Seed) -> Self {
        Self(Map::with_hasher(seed))
    }

    pub fn of(&self, tenant: &TenantId) -> Floors {
        self.0.get(tenant).cloned().unwrap_or_default()
    }

    /// Adds floors; each replaces the floor of the same license.
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
