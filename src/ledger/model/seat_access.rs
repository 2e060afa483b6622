//! Organizations to which a seat gives access.

use crate::ids::{OrganizationId, OrganizationNo};

/// Organizations to which a seat gives access (R7).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Access {
    /// All of the tenant, which may have no organization at all.
    All,
    /// Only these: at least one, sorted, without duplicates.
    Only(Vec<OrganizationNo>),
}

impl Access {
    /// Number of organizations that are named; 0: all of the tenant.
    #[must_use]
    pub fn len(&self) -> usize {
        if let Access::Only(list) = self { list.len() } else { 0 }
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Organizations of a seat as ids, sorted: the first `max` of them. `None`: all of the tenant.
#[must_use]
pub(in crate::ledger) fn access_ids(
    access: &Access,
    max: usize,
    name: impl Fn(OrganizationNo) -> Option<OrganizationId>,
) -> Option<Vec<OrganizationId>> {
    match access {
        Access::All => None,
        Access::Only(list) => {
            let mut ids: Vec<_> = list.iter().filter_map(|no| name(*no)).collect();
            if ids.len() > max {
                ids.select_nth_unstable(max);
                ids.truncate(max);
            }
            ids.sort_unstable();
            Some(ids)
        }
    }
}
