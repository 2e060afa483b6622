//! The ids of today that a load gives to users, and the former ids that users keep.

use super::budget::Budget;
use super::ledger::Ledger;
use super::tenant::Tenant;
use super::user::User;
use crate::ids::{TenantId, UserId, UserNo};

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

    /// Updates the copies of the id in the user's sessions: at most a thousand, so it is done in one step.
    pub fn rename_sessions(&mut self, no: UserNo, budget: &mut Budget) {
        let user = self.users.get(no);
        budget.spend_each(user.slots.len(), 2 * Budget::READ);
        for slot in &user.slots {
            self.sessions.get_mut(*slot).user_id = user.id.clone();
        }
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

    pub(in crate::ledger) fn keeping(&self, tenant: &TenantId) -> Option<&Tenant> {
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

/// Replaces an id by the former id of a user who keeps it.
pub(in crate::ledger) fn meant(tenant: &Tenant, id: &mut UserId) {
    if let Some(earlier) = id.earlier().filter(|earlier| tenant.users.find(earlier).is_some()) {
        *id = earlier;
    }
}
