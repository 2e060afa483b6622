//! Licenses of a tenant: the few rows that decisions need, and apart from them, rarely read, the remembered ones.

use super::all_floors::Floors;
use crate::ids::{LicenseId, PoolNo, TenantId};
use crate::ledger::model::license::{Entitlement, LicenseRow, Standing};
use crate::ledger::model::license_floors::LicenseFloor;

/// Highest number of licenses of a tenant, without deleted ones.
pub const MAX_LICENSES: usize = 100;
/// Highest number of former revisions of one license that are kept as records; the newest ones are kept.
pub const MAX_FORMER_REVISIONS: usize = 8;

/// Licenses of one tenant.
#[derive(Debug, Default)]
pub(in crate::ledger) struct Licenses {
    /// Newest revision of each license that is not deleted: current or revoked. Decisions need only these.
    pub(super) heads: Vec<LicenseRow>,
    /// Index of the heads' entitlements: pool, index of the head, index of the entitlement; sorted. A login reads only
    /// those of its pool, and not the thousand entitlements of a hundred licenses.
    by_pool: Box<[PoolEntitlement]>,
    /// Former revisions, and the newest revision of each deleted license, so that no older one is installed.
    pub(super) past: Vec<LicenseRow>,
    /// Revisions that earlier tenants with the same id had.
    floors: Floors,
}

/// An entry of the index of entitlements.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct PoolEntitlement {
    pool: PoolNo,
    /// Index of the license among the heads.
    head: u16,
    /// Index of the entitlement in its license.
    entitlement: u16,
}

impl Licenses {
    /// Newest revision of each license that is not deleted.
    pub fn heads(&self) -> &[LicenseRow] {
        &self.heads
    }

    /// The heads' entitlements for a pool.
    pub fn giving(&self, pool: PoolNo) -> impl Iterator<Item = (&LicenseRow, &Entitlement)> + Clone {
        let from = self.by_pool.partition_point(|entry| entry.pool < pool);
        let given = self.by_pool[from..].iter().take_while(move |entry| entry.pool == pool);
        given.map(|entry| {
            let row = &self.heads[usize::from(entry.head)];
            (row, &row.entitlements[usize::from(entry.entitlement)])
        })
    }

    /// Rebuilds the index of pools.
    pub(super) fn index(&mut self) {
        let given = (0..).zip(&self.heads).flat_map(|(head, row)| {
            (0..).zip(&row.entitlements).map(move |(at, given)| PoolEntitlement {
                pool: given.pool,
                head,
                entitlement: at,
            })
        });
        let mut by_pool: Vec<_> = given.collect();
        by_pool.sort_unstable();
        self.by_pool = by_pool.into();
    }

    /// Number of entitlements of all heads: the cost of reading them all.
    pub fn len(&self) -> usize {
        self.heads.iter().map(|row| row.entitlements.len()).sum()
    }

    /// All rows, in no particular order.
    pub fn iter(&self) -> impl Iterator<Item = &LicenseRow> {
        self.heads.iter().chain(&self.past)
    }

    pub fn head(&self, id: &LicenseId) -> Option<&LicenseRow> {
        self.heads.iter().find(|row| row.id == *id)
    }

    /// The newest revision that was ever installed, also if it is deleted.
    pub fn newest(&self, id: &LicenseId) -> Option<&LicenseRow> {
        self.iter().filter(|row| row.id == *id).max_by_key(|row| row.revision)
    }

    pub fn set_floors(&mut self, floors: Floors) {
        self.floors = floors;
    }

    /// The newest revision of this license that an earlier tenant with the same id had.
    pub fn floor(&self, id: &LicenseId) -> Option<&LicenseFloor> {
        let at = self.floors.binary_search_by(|floor| floor.license.cmp(id)).ok()?;
        Some(&self.floors[at])
    }

    /// The newest revision of each license of this tenant, for a later tenant with the same id.
    pub fn remembered(&self, tenant: &TenantId) -> Vec<LicenseFloor> {
        let deleted = self.past.iter().filter(|row| row.standing == Standing::Deleted);
        self.heads.iter().chain(deleted).map(|row| LicenseFloor::of(tenant, row)).collect()
    }

    /// Number of remembered licenses, including those of earlier tenants with the same id.
    pub fn count_remembered(&self) -> usize {
        let deleted = self.past.iter().filter(|row| row.standing == Standing::Deleted);
        let fresh = self.heads.iter().chain(deleted).filter(|row| self.floor(&row.id).is_none());
        self.floors.len() + fresh.count()
    }

    /// Adds a row during a load; [`Self::finish`] must follow.
    pub fn restore(&mut self, row: LicenseRow) {
        self.past.push(row);
    }

    /// Removes a row during a load, if it is there.
    pub fn unload(&mut self, id: &LicenseId, revision: u64) {
        self.past.retain(|row| row.id != *id || row.revision != revision);
    }

    /// Ends a load, in which rows came in any order: the newest revision of each license becomes its head.
    pub fn finish(&mut self) {
        self.past.sort_by(|a, b| (&a.id, a.revision).cmp(&(&b.id, b.revision)));
        let mut all = std::mem::take(&mut self.past).into_iter().peekable();
        while let Some(row) = all.next() {
            let newest = all.peek().is_none_or(|next| next.id != row.id);
            let leads = newest && row.standing != Standing::Deleted;
            if leads { &mut self.heads } else { &mut self.past }.push(row);
        }
        // Most tenants have one license.
        self.heads.shrink_to_fit();
        self.past.shrink_to_fit();
        self.index();
    }

    /// # Errors
    /// Returns the first violation, in words.
    pub fn check(&self) -> Result<(), String> {
        if self.heads.len() > MAX_LICENSES {
            return Err(format!("{} licenses", self.heads.len()));
        }
        for row in &self.heads {
            let leads = matches!(row.standing, Standing::Current | Standing::Revoked);
            let alone = self.iter().filter(|other| other.id == row.id && other.revision >= row.revision).count() == 1;
            if !leads || !alone {
                return Err(format!("license {} revision {} leads, being {:?}", row.id, row.revision, row.standing));
            }
        }
        for given in self.heads.iter().flat_map(|row| &row.entitlements) {
            let naming = self.heads.iter().flat_map(|row| &row.entitlements).filter(|other| other.pool == given.pool);
            if self.giving(given.pool).count() != naming.count() {
                return Err(format!("the index of pool number {} is not that of the licenses", given.pool.0));
            }
        }
        for row in &self.past {
            let siblings = || self.iter().filter(|other| other.id == row.id);
            let fits = match row.standing {
                Standing::Current => false,
                Standing::Deleted => siblings().count() == 1,
                Standing::Superseded | Standing::Revoked => self.head(&row.id).is_some(),
            };
            if !fits || siblings().count() > MAX_FORMER_REVISIONS + 1 {
                return Err(format!("license {} revision {} is past, being {:?}", row.id, row.revision, row.standing));
            }
        }
        Ok(())
    }
}
