//! Users whose stored ids fold to other ids now, because an earlier release, or an earlier Unicode version, folded less
//! (R2, decision 51).
//!
//! A load gives each of them the id of today, oldest user first, unless another user has it. The new ids of a tenant
//! are written before anything else is decided there, so that events under the new id follow the event that records it.
//! A crash before that changes nothing: the next load does the same. A user who keeps the former id is found by it
//! wherever that spelling is used.

use std::collections::{BTreeMap, BTreeSet};

use super::budget::Budget;
use super::ledger::Ledger;
use super::tenant::Tenant;
use super::user::User;
use crate::ids::{TenantId, TenantNo, UserId, UserNo};
use crate::ledger::model::change::{Actor, Changes};
use crate::ledger::model::command::{Command, Query};
use crate::ledger::model::former_id::FormerId;
use crate::ledger::model::time::Moment;

#[derive(Debug, Default)]
pub(in crate::ledger) struct Renewal {
    /// Users whose new ids are in memory and not yet in the store, with their former ids.
    unwritten: BTreeMap<(TenantNo, UserNo), UserId>,
    /// Tenants in which a user keeps a former id. Former ids are looked up in no other tenant.
    kept: BTreeSet<TenantNo>,
}

impl Renewal {
    pub fn is_written(&self) -> bool {
        self.unwritten.is_empty()
    }

    /// The first user of this tenant, or of a later one, whose new id is not written.
    fn first(&self, from: TenantNo) -> Option<(TenantNo, UserNo)> {
        let (next, _) = self.unwritten.range((from, UserNo::default())..).next()?;
        Some(*next)
    }
}

/// A user who keeps a former id, because another user has the id to which it folds now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FormerIdKept {
    pub tenant: TenantId,
    pub user: UserId,
    /// The user who has that id.
    pub other: UserId,
}

impl Tenant {
    /// Gives users the ids of today, oldest user first. Returns the users that changed, with their former ids, and true
    /// if any user keeps a former id.
    fn renew_ids(&mut self) -> (Vec<(UserNo, UserId)>, bool) {
        let renewed = |user: &User| user.id.renewed().map(|new| (user.no, user.id.clone(), new));
        let mut others: Vec<_> = self.users.iter().filter_map(renewed).collect();
        others.sort_unstable_by_key(|(no, ..)| *no);
        let all = others.len();
        let mut former = Vec::new();
        for (no, old, new) in others {
            if self.users.find(&new).is_none() {
                self.users.rename(no, new);
                // A load is not bounded in time: it reads every row.
                self.rename_sessions(no, &mut Budget::default());
                former.push((no, old));
            }
        }
        let kept = former.len() < all;
        (former, kept)
    }
}

impl Ledger {
    /// Renews ids at the end of a load.
    pub(in crate::ledger) fn renew_ids(&mut self) {
        for tenant in self.tenants.iter_mut().flatten() {
            let (former, kept) = tenant.renew_ids();
            self.renewal.unwritten.extend(former.into_iter().map(|(user, old)| ((tenant.no, user), old)));
            if kept {
                self.renewal.kept.insert(tenant.no);
            }
        }
    }

    /// True if the ids that a load changed in a tenant are written; also true for an unknown tenant.
    #[must_use]
    pub fn is_written(&self, tenant: &TenantId) -> bool {
        self.renewal.is_written()
            || self.by_id.get(tenant).is_none_or(|no| self.renewal.first(*no).is_none_or(|(next, _)| next != *no))
    }

    /// Writes the ids that a load changed in a tenant, as far as the budget allows. Returns true if all are written.
    pub(in crate::ledger) fn renew(&mut self, no: TenantNo, now: Moment, out: &mut Changes) -> bool {
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

    /// Calls [`Self::renew`] as a step of its own, before any command of the tenant is decided.
    pub(in crate::ledger) fn is_renewed(&mut self, tenant: &TenantId, now: Moment, out: &mut Changes) -> bool {
        if self.renewal.is_written() {
            return true;
        }
        let Some(no) = self.by_id.get(tenant).copied() else { return true };
        self.mark.observe(now);
        self.budget.begin();
        self.renew(no, now, out)
    }

    /// Takes a step of the same for the next tenant that needs it. Returns true if there is none.
    pub(in crate::ledger) fn renew_next(&mut self, now: Moment, out: &mut Changes) -> bool {
        let Some((no, _)) = self.renewal.first(TenantNo::default()) else { return true };
        self.mark.observe(now);
        self.budget.begin();
        self.renew(no, now, out);
        false
    }

    /// The user's id and former ids, latest first. Includes an id that a load changed, written or not.
    pub(in crate::ledger) fn former_ids(&self, no: TenantNo, id: &UserId) -> (UserId, Vec<FormerId>) {
        let tenant = self.tenants[no.0 as usize].as_deref();
        let Some(user) = tenant.and_then(|tenant| Some(tenant.users.get(tenant.users.find(id)?))) else {
            return (id.clone(), Vec::new());
        };
        // Before the new id is written, no event is stored under it.
        let taken = self.renewal.unwritten.get(&(no, user.no)).cloned();
        let taken = taken.map(|id| FormerId { id, last_event: self.last_event });
        (user.id.clone(), taken.into_iter().chain(user.former.iter().rev().cloned()).collect())
    }

    /// Replaces the user ids of a command by the former ids of users who keep them.
    pub(in crate::ledger) fn resolve_user_ids(&self, tenant: &TenantId, command: &mut Command) {
        if let Some(tenant) = self.keeping(tenant) {
            command.people().into_iter().for_each(|id| resolve_earlier(tenant, id));
        }
    }

    /// Does the same for a query.
    pub(in crate::ledger) fn resolve_former_id(&self, tenant: &TenantId, query: &mut Query) {
        if let (Some(tenant), Some(id)) = (self.keeping(tenant), query.person()) {
            resolve_earlier(tenant, id);
        }
    }

    fn keeping(&self, tenant: &TenantId) -> Option<&Tenant> {
        // Every command passes here, and usually no user keeps a former id.
        if self.renewal.kept.is_empty() {
            return None;
        }
        let no = self.by_id.get(tenant).filter(|no| self.renewal.kept.contains(no))?;
        self.tenants[no.0 as usize].as_deref()
    }

    /// All users who keep a former id.
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

fn resolve_earlier(tenant: &Tenant, id: &mut UserId) {
    if let Some(earlier) = id.earlier().filter(|earlier| tenant.users.find(earlier).is_some()) {
        *id = earlier;
    }
}
