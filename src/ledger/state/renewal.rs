//! Users whose stored ids fold to other ids now, because an earlier release, or an earlier Unicode version, folded less
//! (R2, decision 51).
//!
//! A load gives each of them the id of today, oldest user first, unless another user has it. The new ids of a tenant
//! are written before anything else is decided there, so that events under the new id follow the event that records it.
//! A crash before that changes nothing: the next load does the same. A user who keeps the former id is found by it
//! wherever that spelling is used.

use std::collections::{BTreeMap, BTreeSet};

use crate::ids::{TenantNo, UserId, UserNo};

#[derive(Debug, Default)]
pub(in crate::ledger) struct Renewal {
    /// Users whose new ids are in memory and not yet in the store, with their former ids.
    pub unwritten: BTreeMap<(TenantNo, UserNo), UserId>,
    /// Tenants in which a user keeps a former id. Former ids are looked up in no other tenant.
    pub kept: BTreeSet<TenantNo>,
}

impl Renewal {
    pub fn is_written(&self) -> bool {
        self.unwritten.is_empty()
    }

    /// The first user of this tenant, or of a later one, whose new id is not written.
    pub fn first(&self, from: TenantNo) -> Option<(TenantNo, UserNo)> {
        let (next, _) = self.unwritten.range((from, UserNo::default())..).next()?;
        Some(*next)
    }
}
