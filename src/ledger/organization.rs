//! Organizations of a tenant, and where a login lands (R8).

use std::collections::BTreeMap;

use super::change::{Access, OrganizationRow};
use super::outcome::OrganizationView;
use super::time::Moment;
use crate::ids::{OrganizationId, OrganizationNo};

#[derive(Debug, Default)]
pub(super) struct Organizations {
    by_no: BTreeMap<OrganizationNo, OrganizationRow>,
    by_id: BTreeMap<OrganizationId, OrganizationNo>,
    /// By display name without case, then id: the order of R8.
    by_name: BTreeMap<(Box<str>, OrganizationId), OrganizationNo>,
    last_no: OrganizationNo,
}

impl Organizations {
    pub fn next_no(&mut self) -> OrganizationNo {
        self.last_no.0 += 1;
        self.last_no
    }

    pub fn put(&mut self, row: OrganizationRow) {
        self.remove(row.no);
        self.last_no = self.last_no.max(row.no);
        self.by_id.insert(row.id.clone(), row.no);
        self.by_name.insert(sort_key(&row), row.no);
        self.by_no.insert(row.no, row);
    }

    pub fn remove(&mut self, no: OrganizationNo) -> Option<OrganizationRow> {
        let row = self.by_no.remove(&no)?;
        self.by_id.remove(&row.id);
        self.by_name.remove(&sort_key(&row));
        Some(row)
    }

    pub fn find(&self, id: &OrganizationId) -> Option<OrganizationNo> {
        self.by_id.get(id).copied()
    }

    pub fn get(&self, no: OrganizationNo) -> Option<&OrganizationRow> {
        self.by_no.get(&no)
    }

    pub fn id(&self, no: OrganizationNo) -> Option<OrganizationId> {
        self.by_no.get(&no).map(|row| row.id.clone())
    }

    /// Every number, ascending.
    pub fn numbers(&self) -> impl Iterator<Item = OrganizationNo> + '_ {
        self.by_no.keys().copied()
    }

    /// Each with the name by which it is sorted (R8).
    pub fn iter(&self) -> impl Iterator<Item = (&str, &OrganizationRow)> + '_ {
        self.by_name.iter().map(|((name, _), no)| (&**name, &self.by_no[no]))
    }

    pub fn allows(&self, access: &Access, no: OrganizationNo) -> bool {
        match access {
            Access::All => self.by_no.contains_key(&no),
            Access::Only(list) => list.binary_search(&no).is_ok(),
        }
    }

    /// Where a login lands that asks for no organization (R8): the only one with access, else the one used
    /// last, else the alphabetically first. `None`: the tenant has no organization.
    pub fn landing(&self, access: &Access, last: Option<OrganizationNo>) -> Option<OrganizationNo> {
        if let Some(last) = last
            && self.allows(access, last)
        {
            return Some(last);
        }
        match access {
            Access::All => self.by_name.values().next().copied(),
            Access::Only(list) => {
                list.iter().filter_map(|no| self.by_no.get(no)).min_by_key(|row| sort_key(row)).map(|row| row.no)
            }
        }
    }
}

fn sort_key(row: &OrganizationRow) -> (Box<str>, OrganizationId) {
    (row.display_name.to_lowercase().into(), row.id.clone())
}

pub(super) fn view(row: &OrganizationRow, now: Moment) -> OrganizationView {
    OrganizationView {
        id: row.id.clone(),
        display_name: row.display_name.clone(),
        created: now.wall_of(row.created),
        version: row.version,
    }
}
