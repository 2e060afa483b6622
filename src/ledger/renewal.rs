//! Users whose ids are others by now: an earlier release, or an earlier Unicode, folded them less (R2, decision 51).
//!
//! A load gives each the id of today, oldest user first, unless somebody has it. What it changed of a tenant is written
//! before anything else is decided there, so that events under the new id come after the one that says it; a crash before
//! that changes nothing, for the next load does the same. Who keeps the former id is meant wherever that spelling is used.

use std::collections::{BTreeMap, BTreeSet};

use super::Ledger;
use super::budget::Budget;
use super::change::{Actor, Changes};
use super::command::{Command, Query};
use super::former_id::FormerId;
use super::tenant::Tenant;
use super::time::Moment;
use super::user::User;
use crate::ids::{TenantId, TenantNo, UserId, UserNo};

#[derive(Debug, Default)]
pub(super) struct Renewal {
    /// Users who have new ids in memory, and not in the store; with the former ones.
    unwritten: BTreeMap<(TenantNo, UserNo), UserId>,
    /// Where somebody keeps a former id. Nobody is looked up by one anywhere else.
    kept: BTreeSet<TenantNo>,
}

impl Renewal {
    pub fn is_written(&self) -> bool {
        self.unwritten.is_empty()
    }

    /// A user of this tenant, or of a later one, who comes next.
    fn first(&self, from: TenantNo) -> Option<(TenantNo, UserNo)> {
        let (next, _) = self.unwritten.range((from, UserNo::default())..).next()?;
        Some(*next)
    }
}

/// Somebody who keeps a former id, because another user has the id that it would be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FormerIdKept {
    pub tenant: TenantId,
    pub user: UserId,
    /// Whose id it would be.
    pub other: UserId,
}

impl Tenant {
    /// Gives users the ids of today, oldest user first. Answers the former ids, and whether somebody keeps one.
    fn renew_ids(&mut self) -> (Vec<(UserNo, UserId)>, bool) {
        let renewed = |user: &User| user.id.renewed().map(|new| (user.no, user.id.clone(), new));
        let mut others: Vec<_> = self.users.iter().filter_map(renewed).collect();
        others.sort_unstable_by_key(|(no, ..)| *no);
        let all = others.len();
        let mut former = Vec::new();
        for (no, old, new) in others {
            if self.users.find(&new).is_none() {
                self.users.rename(no, new);
                // A load takes as long as there are rows.
                self.rename_sessions(no, &mut Budget::default());
                former.push((no, old));
            }
        }
        let kept = former.len() < all;
        (former, kept)
    }
}

impl Ledger {
    /// At the end of a load.
    pub(super) fn renew_ids(&mut self) {
        for tenant in self.tenants.iter_mut().flatten() {
            let (former, kept) = tenant.renew_ids();
            self.renewal.unwritten.extend(former.into_iter().map(|(user, old)| ((tenant.no, user), old)));
            if kept {
                self.renewal.kept.insert(tenant.no);
            }
        }
    }

    /// Whether the ids that a load changed of a tenant are written; of a tenant that is not there, too.
    #[must_use]
    pub fn is_written(&self, tenant: &TenantId) -> bool {
        self.renewal.is_written()
            || self.by_id.get(tenant).is_none_or(|no| self.renewal.first(*no).is_none_or(|(next, _)| next != *no))
    }

    /// Writes the ids that a load changed of a tenant, as far as this step goes. True: all of them are written.
    pub(super) fn renew(&mut self, no: TenantNo, now: Moment, out: &mut Changes) -> bool {
        let actor = Actor::service();
        while let Some(key) = self.renewal.first(no).filter(|(tenant, _)| *tenant == no) {
            if self.budget.is_spent() {
                return false;
            }
            let old = self.renewal.unwritten.remove(&key).expect("the one just seen");
            let (found, mut ctx) = self.step_of(no, &actor, now, out);
            found.expect("a tenant, for nothing was decided there since the load").note_renaming(key.1, old, &mut ctx);
        }
        true
    }

    /// The same, as a step of its own before anything that is asked of a tenant.
    pub(super) fn is_renewed(&mut self, tenant: &TenantId, now: Moment, out: &mut Changes) -> bool {
        if self.renewal.is_written() {
            return true;
        }
        let Some(no) = self.by_id.get(tenant).copied() else { return true };
        self.mark.observe(now);
        self.budget.begin();
        self.renew(no, now, out)
    }

    /// The same of the next tenant in which there is something to write. True: there is none.
    pub(super) fn renew_next(&mut self, now: Moment, out: &mut Changes) -> bool {
        let Some((no, _)) = self.renewal.first(TenantNo::default()) else { return true };
        self.mark.observe(now);
        self.budget.begin();
        self.renew(no, now, out);
        false
    }

    /// The id that a user has, and those before it, the latest first; with the one that a load took, written or not.
    pub(super) fn former_ids(&self, no: TenantNo, id: &UserId) -> (UserId, Vec<FormerId>) {
        let tenant = self.tenants[no.0 as usize].as_deref();
        let Some(user) = tenant.and_then(|tenant| Some(tenant.users.get(tenant.users.find(id)?))) else {
            return (id.clone(), Vec::new());
        };
        // Nothing stands under the new id before it is written.
        let taken = self.renewal.unwritten.get(&(no, user.no)).cloned();
        let taken = taken.map(|id| FormerId { id, last_event: self.last_event });
        (user.id.clone(), taken.into_iter().chain(user.former.iter().rev().cloned()).collect())
    }

    /// Puts the former id, where somebody keeps it, in the place of what the same text is today.
    pub(super) fn resolve_user_ids(&self, tenant: &TenantId, command: &mut Command) {
        if let Some(tenant) = self.keeping(tenant) {
            command.people().into_iter().for_each(|id| meant(tenant, id));
        }
    }

    /// The same of a query.
    pub(super) fn resolve_former_id(&self, tenant: &TenantId, query: &mut Query) {
        if let (Some(tenant), Some(id)) = (self.keeping(tenant), query.person()) {
            meant(tenant, id);
        }
    }

    fn keeping(&self, tenant: &TenantId) -> Option<&Tenant> {
        // Mostly nobody does: every command passes here.
        if self.renewal.kept.is_empty() {
            return None;
        }
        let no = self.by_id.get(tenant).filter(|no| self.renewal.kept.contains(no))?;
        self.tenants[no.0 as usize].as_deref()
    }

    /// Everybody who keeps a former id.
    #[must_use]
    pub fn kept_ids(&self) -> Vec<FormerIdKept> {
        let tenants = self.renewal.kept.iter().filter_map(|no| self.tenants[no.0 as usize].as_deref());
        let kept = |tenant: &Tenant| {
            let users = tenant.users.iter().filter_map(|user| Some((user.id.clone(), user.id.renewed()?)));
            users.map(|(user, other)| FormerIdKept { tenant: tenant.id.clone(), user, other }).collect::<Vec<_>>()
        };
        tenants.flat_map(kept).collect()
    }
}

fn meant(tenant: &Tenant, id: &mut UserId) {
    if let Some(earlier) = id.earlier().filter(|earlier| tenant.users.find(earlier).is_some()) {
        *id = earlier;
    }
}
