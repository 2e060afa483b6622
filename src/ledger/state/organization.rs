//! Organizations of a tenant, and the organization in which a login lands (R8).

use std::collections::BTreeMap;
use std::ops::{Deref, DerefMut};

use crate::ids::{OrganizationId, OrganizationNo};
use crate::ledger::model::change::{Access, OrganizationRow};
use crate::ledger::model::outcome::OrganizationView;
use crate::ledger::model::time::Moment;
use crate::unicode::order;

/// Highest number of organizations of a tenant: bounds what a seat can name (R7).
pub(in crate::ledger) const MAX_ORGANIZATIONS: usize = 10_000;

/// A row, and the sort key of its display name.
#[derive(Debug)]
struct OrganizationEntry {
    row: OrganizationRow,
    sort_key: Box<[u8]>,
}

/// Organizations of a tenant. Most tenants have none, which costs eight bytes.
#[derive(Debug, Default)]
pub(in crate::ledger) struct Organizations(Option<Box<Listed>>);

/// The empty list, for tenants without organizations.
static NONE: Listed = Listed {
    by_no: BTreeMap::new(),
    by_id: BTreeMap::new(),
    by_name: BTreeMap::new(),
    leaving: BTreeMap::new(),
    last_no: OrganizationNo(0),
};

impl Deref for Organizations {
    type Target = Listed;

    fn deref(&self) -> &Listed {
        self.0.as_deref().unwrap_or(&NONE)
    }
}

impl DerefMut for Organizations {
    fn deref_mut(&mut self) -> &mut Listed {
        self.0.get_or_insert_default()
    }
}

/// Organizations of a tenant that has, or had, any.
#[derive(Debug, Default)]
pub(in crate::ledger) struct Listed {
    by_no: BTreeMap<OrganizationNo, OrganizationEntry>,
    by_id: BTreeMap<OrganizationId, OrganizationNo>,
    /// By display name in collation order, then by id: the order of R8.
    by_name: BTreeMap<(Box<[u8]>, OrganizationId), OrganizationNo>,
    /// Organizations being deleted: no login lands in them, and nobody gets access while they are taken out of the
    /// seats.
    leaving: BTreeMap<OrganizationNo, OrganizationRow>,
    last_no: OrganizationNo,
}

impl Listed {
    pub fn next_no(&mut self) -> OrganizationNo {
        self.last_no.0 += 1;
        self.last_no
    }

    pub fn put(&mut self, row: OrganizationRow) {
        self.remove(row.no);
        self.last_no = self.last_no.max(row.no);
        self.by_id.insert(row.id.clone(), row.no);
        let sort_key: Box<[u8]> = order::key(&row.display_name).into();
        self.by_name.insert((sort_key.clone(), row.id.clone()), row.no);
        self.by_no.insert(row.no, OrganizationEntry { row, sort_key });
    }

    pub fn remove(&mut self, no: OrganizationNo) -> Option<OrganizationRow> {
        let OrganizationEntry { row, sort_key } = self.by_no.remove(&no)?;
        self.by_id.remove(&row.id);
        self.by_name.remove(&(sort_key, row.id.clone()));
        Some(row)
    }

    pub fn find(&self, id: &OrganizationId) -> Option<OrganizationNo> {
        self.by_id.get(id).copied()
    }

    pub fn get(&self, no: OrganizationNo) -> Option<&OrganizationRow> {
        self.by_no.get(&no).map(|known| &known.row)
    }

    /// Id of an organization, also of one that is being deleted: rows that still name it can be shown.
    pub fn id(&self, no: OrganizationNo) -> Option<OrganizationId> {
        self.get(no).or_else(|| self.leaving.get(&no)).map(|row| row.id.clone())
    }

    /// Removes any organization, also one that is being deleted, and returns its number.
    pub fn pop(&mut self) -> Option<OrganizationNo> {
        let leaving = self.leaving.pop_first().map(|(no, _)| no);
        leaving.or_else(|| self.by_no.keys().next().copied().and_then(|no| self.remove(no)).map(|row| row.no))
    }

    /// `leave` is the first step of a deletion, `gone` the last.
    pub fn leave(&mut self, no: OrganizationNo) {
        let row = self.remove(no);
        self.leaving.extend(row.map(|row| (no, row)));
    }

    pub fn gone(&mut self, no: OrganizationNo) {
        self.leaving.remove(&no);
    }

    pub fn is_leaving(&self, id: &OrganizationId) -> bool {
        self.leaving.values().any(|row| row.id == *id)
    }

    pub fn len(&self) -> usize {
        self.by_no.len()
    }

    /// Number after the highest that was assigned.
    pub fn numbers_given(&self) -> u32 {
        self.last_no.0 + 1
    }

    /// A row and its sort key (R8).
    pub fn known(&self, no: OrganizationNo) -> Option<(&[u8], &OrganizationRow)> {
        self.by_no.get(&no).map(|known| (&*known.sort_key, &known.row))
    }

    /// Numbers of all organizations, ascending.
    pub fn numbers(&self) -> impl Iterator<Item = OrganizationNo> + '_ {
        self.by_no.keys().copied()
    }

    /// True if the access includes the organization, which must exist and not be about to be deleted.
    pub fn allows(&self, access: &Access, no: OrganizationNo) -> bool {
        match access {
            Access::All => self.by_no.contains_key(&no),
            Access::Only(list) => list.binary_search(&no).is_ok() && self.by_no.contains_key(&no),
        }
    }

    /// Default organization of a login that names none (R8): the only one with access; else the one used last;
    /// else the first by display name. `None`: the tenant has no organization.
    pub fn default_organization(&self, access: &Access, last: Option<OrganizationNo>) -> Option<OrganizationNo> {
        if let Some(last) = last
            && self.allows(access, last)
        {
            return Some(last);
        }
        match access {
            Access::All => self.by_name.values().next().copied(),
            Access::Only(list) => {
                let named = list.iter().filter_map(|no| self.by_no.get(no));
                named.min_by_key(|known| (&known.sort_key, &known.row.id)).map(|known| known.row.no)
            }
        }
    }
}

pub(in crate::ledger) fn view(row: &OrganizationRow, now: Moment) -> OrganizationView {
    OrganizationView {
        id: row.id.clone(),
        display_name: row.display_name.clone(),
        created: now.wall_of(row.created),
        version: row.version,
    }
}
