//! InstallLicense: installs a license whose document was verified, or replaces a lower revision of it (R27). A refusal
//! changes nothing.

use std::collections::{BTreeMap, BTreeSet};

use super::seat_guards::too_many_pools;
use super::tenant_command::TenantCommand;
use crate::error_reason::ErrorReason;
use crate::ids::{LicenseId, PoolId, PoolNo, TenantId};
use crate::ledger::model::change::{Action, Limit, Plan};
use crate::ledger::model::command::{InstallLicense, LicenseGrant};
use crate::ledger::model::license::{Entitlement, LicenseRow, PoolGrant, Standing, Terms};
use crate::ledger::model::license_floors::{MAX_REMEMBERED, fingerprint};
use crate::ledger::model::license_view::{LicenseChange, PoolChange};
use crate::ledger::model::outcome::{Done, PoolUsage, Refusal};
use crate::ledger::state::budget::Budget;
use crate::ledger::state::context::Context;
use crate::ledger::state::licenses::MAX_LICENSES;
use crate::ledger::state::pool::MAX_POOLS;
use crate::ledger::state::tenant::Tenant;

/// Highest number of terms in all licenses of a tenant: applications and pages get them as a whole.
const MAX_TERMS: usize = 5_000;
/// Highest number of pools that an audit event lists; a license may name a thousand.
const MAX_SHOWN: usize = 20;

impl TenantCommand for InstallLicense {
    fn apply(self, tenant: &mut Tenant, ctx: &mut Context) -> Done<LicenseChange> {
        tenant.install_license(&self, ctx)
    }

    fn without_tenant(self, id: &TenantId, _: &mut Context) -> Done<LicenseChange> {
        Err(Refusal::not_found("tenant", id))
    }
}

impl Tenant {
    /// Installing the same document again changes nothing. A license that begins later is accepted, an expired one
    /// refused.
    pub fn install_license(&mut self, command: &InstallLicense, ctx: &mut Context) -> Done<LicenseChange> {
        let (id, grant) = (&command.license, &command.grant);
        let before = self.usages(ctx);
        if self.licenses.head(id).is_some_and(|row| row.standing == Standing::Current && self.is_same(row, grant)) {
            return Ok(self.license_change(Some(id), &before, false, ctx));
        }
        self.guard_revision(id, grant)?;
        guard_expiry(id, grant, ctx)?;
        self.guard_pools(id, grant)?;
        let row = self.licensed(id, grant, ctx)?;
        self.licenses.install(row, ctx);
        self.notifications.needs_full_check = true;
        let change = self.license_change(Some(id), &before, true, ctx);
        let what = format!("{id} revision {}{}", grant.revision, shifts(&change.pools));
        ctx.log(self.about(Action::LicenseInstalled).detail(what));
        Ok(change)
    }

    /// Usage of every pool, in order of their numbers.
    pub fn usages(&self, ctx: &mut Context) -> Vec<PoolUsage> {
        ctx.budget.spend_each(self.pools.iter().len(), Budget::READ);
        ctx.budget.spend_each(self.licenses.len(), 2);
        self.pools.iter().map(|pool| self.usage(pool.no, ctx.limit_basis())).collect()
    }

    /// Change of every pool. Pools of the license `id` are listed in any case, others only if they changed.
    pub fn license_change(
        &self,
        id: Option<&LicenseId>,
        before: &[PoolUsage],
        changed: bool,
        ctx: &mut Context,
    ) -> LicenseChange {
        let head = id.and_then(|id| self.licenses.head(id));
        let given: BTreeSet<PoolNo> = head.iter().flat_map(|row| &row.entitlements).map(|given| given.pool).collect();
        let mut pools = Vec::new();
        for (at, after) in self.usages(ctx).into_iter().enumerate() {
            // Pools are never deleted, so the earlier ones come first, in the same order.
            let pool = PoolChange { before: before.get(at).cloned(), after };
            if pool.before.as_ref() != Some(&pool.after) || given.contains(&PoolNo(at as u16)) {
                pools.push(pool);
            }
        }
        LicenseChange { changed, pools, license: head.map(|row| self.license_view(row, ctx.limit_basis())) }
    }

    /// True if the text is the same: the bytes of a signed document, or all properties of a grant without a document.
    fn is_same(&self, row: &LicenseRow, grant: &LicenseGrant) -> bool {
        let pools = row.entitlements.iter().map(|given| {
            let Entitlement { pool, plan, limit, overdraft } = given;
            (&self.pools.get(*pool).id, plan, limit, overdraft)
        });
        let document = &row.terms.document;
        if row.revision != grant.revision || *document != grant.terms.document {
            return false;
        }
        !document.is_empty()
            || ((row.not_before, row.expires, &row.terms) == (grant.not_before, grant.expires, &grant.terms)
                && pools.eq(grant.pools.iter().map(|given| (&given.pool, &given.plan, &given.limit, &given.overdraft))))
    }

    /// A higher revision replaces a lower one. A lower revision is refused, and so is another text under the same
    /// revision, also after the license was deleted; then only the same text can be installed again (R27).
    fn guard_revision(&self, id: &LicenseId, grant: &LicenseGrant) -> Done<()> {
        let Some(known) = self.licenses.newest(id) else { return self.guard_floor(id, grant) };
        if let Some(up_to) = known.revoked_up_to
            && (known.revision..=up_to).contains(&grant.revision)
        {
            let text = format!("its vendor revoked every revision up to {up_to}");
            return Err(refused(ErrorReason::LicenseRevoked, id, text));
        }
        if grant.revision > known.revision || (known.standing == Standing::Deleted && self.is_same(known, grant)) {
            return Ok(());
        }
        let text = format!("revision {} was installed; only a higher one replaces it", known.revision);
        Err(refused(ErrorReason::LicenseRevision, id, text))
    }

    /// The same guard for the licenses that an earlier tenant with the same id had.
    fn guard_floor(&self, id: &LicenseId, grant: &LicenseGrant) -> Done<()> {
        let Some(floor) = self.licenses.floor(id) else {
            if self.licenses.count_remembered() >= MAX_REMEMBERED {
                let text = format!("{MAX_REMEMBERED} licenses of this tenant id are remembered, which is the limit");
                return Err(refused(ErrorReason::TooManyLicenses, id, text));
            }
            return Ok(());
        };
        if let Some(up_to) = floor.revoked_up_to
            && (floor.revision..=up_to).contains(&grant.revision)
        {
            let text = format!("its vendor revoked every revision up to {up_to}");
            return Err(refused(ErrorReason::LicenseRevoked, id, text));
        }
        let same = grant.revision == floor.revision && floor.fingerprint == fingerprint(&grant.terms.document);
        if same || grant.revision > floor.revision {
            return Ok(());
        }
        let revision = floor.revision;
        let text = format!("before the tenant was deleted it had revision {revision}; only a higher one can follow");
        Err(refused(ErrorReason::LicenseRevision, id, text))
    }

    /// All licenses of a tenant must agree on the plan of each pool, and stay within the bounds of a tenant.
    fn guard_pools(&self, id: &LicenseId, grant: &LicenseGrant) -> Done<()> {
        let others = || self.licenses.heads().iter().filter(|license| license.id != *id);
        let mut plans: BTreeMap<&PoolId, Plan> = BTreeMap::new();
        for PoolGrant { pool, plan, .. } in &grant.pools {
            let within = *plans.entry(pool).or_insert(*plan) != *plan;
            let given = self.pools.find(pool).into_iter().flat_map(|no| self.licenses.giving(no));
            let mut others = given.filter(|(license, entitlement)| license.id != *id && entitlement.plan != *plan);
            let other = others.next().map(|(license, _)| &license.id).or(within.then_some(id));
            if let Some(other) = other {
                return Err(refused(ErrorReason::PlansDisagree, pool, disagreement(pool, *plan, other)));
            }
        }
        if others().count() >= MAX_LICENSES {
            let text = format!("a tenant has at most {MAX_LICENSES} licenses: delete those that have ended");
            return Err(refused(ErrorReason::TooManyLicenses, id, text));
        }
        let fresh = grant.pools.iter().filter(|given| self.pools.find(&given.pool).is_none()).count();
        if self.pools.iter().len() + fresh > MAX_POOLS {
            return Err(too_many_pools());
        }
        if others().map(|license| named(&license.terms)).sum::<usize>() + named(&grant.terms) > MAX_TERMS {
            let text = format!("a tenant's licenses name at most {MAX_TERMS} features, limits and hosts in all");
            return Err(refused(ErrorReason::TooManyTerms, id, text));
        }
        Ok(())
    }

    /// Row of a license that passed all guards; creates its pools.
    fn licensed(&mut self, id: &LicenseId, grant: &LicenseGrant, ctx: &mut Context) -> Done<LicenseRow> {
        let mut entitlements = Vec::new();
        for PoolGrant { pool, plan, limit, overdraft } in &grant.pools {
            let pool = self.pool_or_new(pool, ctx).ok_or_else(too_many_pools)?;
            entitlements.push(Entitlement { pool, plan: *plan, limit: *limit, overdraft: *overdraft });
        }
        Ok(LicenseRow {
            tenant: self.no,
            id: id.clone(),
            revision: grant.revision,
            standing: Standing::Current,
            revoked_up_to: None,
            not_before: grant.not_before,
            expires: grant.expires,
            entitlements,
            terms: grant.terms.clone(),
            installed: ctx.now.tick,
            installed_by: ctx.actor.clone(),
            changed: ctx.now.tick,
        })
    }
}

fn disagreement(pool: &PoolId, plan: Plan, other: &LicenseId) -> String {
    let (is, would) = match plan {
        Plan::Named => ("concurrent", "named"),
        Plan::Concurrent => ("named", "concurrent"),
    };
    format!(
        "{pool} is {is} by the license \"{other}\", and would be {would}: licenses of one pool must have the same plan, \
         also those that have ended"
    )
}

fn named(terms: &Terms) -> usize {
    terms.features.len() + terms.limits.len() + terms.hosts.len()
}

fn guard_expiry(id: &LicenseId, grant: &LicenseGrant, ctx: &Context) -> Done<()> {
    if grant.expires.is_none_or(|end| ctx.license_time < end) {
        return Ok(());
    }
    Err(refused(ErrorReason::LicenseExpired, id, "it has expired by the time that licenses are judged by".to_owned()))
}

fn refused(reason: ErrorReason, subject: impl ToString, text: String) -> Refusal {
    Refusal::Precondition { reason, subject: subject.to_string(), text }
}

/// Changed limits, such as `; primary 5 -> 10, crm 0 -> unlimited`; empty if there are none.
pub(in crate::ledger) fn shifts(pools: &[PoolChange]) -> String {
    let moved = pools.iter().map(|pool| (pool, bounds(pool.before.as_ref()), bounds(Some(&pool.after))));
    let moved = moved.filter(|(_, before, after)| before != after);
    let messages: Vec<String> =
        moved.map(|(pool, before, after)| format!("{} {before} -> {after}", pool.after.pool)).collect();
    match messages.len() {
        0 => String::new(),
        some if some <= MAX_SHOWN => format!("; {}", messages.join(", ")),
        many => format!("; {} and {} more", messages[..MAX_SHOWN].join(", "), many - MAX_SHOWN),
    }
}

/// Limit and overdraft of a pool: `5`, or `5 + 1`.
fn bounds(pool: Option<&PoolUsage>) -> String {
    match pool {
        None => Limit::Seats(0).to_string(),
        Some(PoolUsage { limit, overdraft: 0, .. }) => limit.to_string(),
        Some(PoolUsage { limit, overdraft, .. }) => format!("{limit} + {overdraft}"),
    }
}
