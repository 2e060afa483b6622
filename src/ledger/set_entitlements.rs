//! What a license gives, as plain entitlements (R27): installed, replaced by a higher revision, or removed.

use super::change::{Action, Change, Entitlement, LicenseRow};
use super::command::{LicenseGrant, SetEntitlements};
use super::outcome::{Done, PoolUsage, Refusal};
use super::step::Step;
use super::tenant::Tenant;
use crate::ids::LicenseId;

impl Tenant {
    /// Answers the usage of every pool afterwards. Setting the same again changes nothing.
    pub fn set_entitlements(&mut self, ask: SetEntitlements, step: &mut Step) -> Done<Vec<PoolUsage>> {
        self.settle(step.now.tick);
        let at = self.licenses.iter().position(|license| license.id == ask.license);
        let detail = match &ask.grant {
            Some(grant) => {
                if at.is_some_and(|at| self.is_same(&self.licenses[at], grant)) {
                    return Ok(self.usages(step));
                }
                self.guard_revision(at, grant)?;
                self.guard_pools(&ask.license, grant)?;
                let row = self.licensed(&ask.license, grant, step)?;
                let detail = format!("{} revision {}", row.id, row.revision);
                step.put(Change::PutLicense(row.clone()));
                match at {
                    Some(at) => self.licenses[at] = row,
                    None => self.licenses.push(row),
                }
                detail
            }
            None => {
                let at = at.ok_or_else(|| Refusal::not_found("license", &ask.license))?;
                self.licenses.remove(at);
                step.put(Change::DeleteLicense(self.no, ask.license.clone()));
                format!("{} removed", ask.license)
            }
        };
        step.log(self.about(Action::EntitlementsChanged).detail(detail));
        Ok(self.usages(step))
    }

    fn usages(&self, step: &Step) -> Vec<PoolUsage> {
        self.pools.iter().map(|pool| self.usage(pool.no, step.sight())).collect()
    }

    fn is_same(&self, license: &LicenseRow, grant: &LicenseGrant) -> bool {
        let pools = license.entitlements.iter().map(|given| (&self.pools.get(given.pool).id, given.plan, given.limit));
        (license.revision, license.not_before, license.expires) == (grant.revision, grant.not_before, grant.expires)
            && pools.eq(grant.pools.iter().map(|(pool, plan, limit)| (pool, *plan, *limit)))
    }

    /// A higher revision of the same license replaces the lower, a lower one is refused, and so is another
    /// text under the same revision (R27).
    fn guard_revision(&self, at: Option<usize>, grant: &LicenseGrant) -> Done<()> {
        let Some(known) = at.map(|at| &self.licenses[at]) else { return Ok(()) };
        if grant.revision > known.revision {
            return Ok(());
        }
        Err(Refusal::Precondition {
            reason: "LICENSE_REVISION",
            subject: known.id.to_string(),
            text: format!("revision {} is installed; only a higher one replaces it", known.revision),
        })
    }

    /// Plans of one pool must agree over all of the tenant's licenses.
    fn guard_pools(&self, id: &LicenseId, grant: &LicenseGrant) -> Done<()> {
        let others = || self.licenses.iter().filter(|license| license.id != *id);
        for (index, (pool, plan, _)) in grant.pools.iter().enumerate() {
            let within = grant.pools[..index].iter().any(|(other, other_plan, _)| other == pool && other_plan != plan);
            let no = self.pools.find(pool);
            let given = || others().flat_map(|license| &license.entitlements);
            if within || given().any(|entitlement| Some(entitlement.pool) == no && entitlement.plan != *plan) {
                return Err(Refusal::Precondition {
                    reason: "PLANS_DISAGREE",
                    subject: pool.to_string(),
                    text: "licenses of one pool must have the same plan".into(),
                });
            }
        }
        let fresh = grant.pools.iter().filter(|(pool, ..)| self.pools.find(pool).is_none()).count();
        if self.pools.iter().len() + fresh > super::pool::MAX_POOLS {
            return Err(super::grant_seats::too_many_pools());
        }
        Ok(())
    }

    /// The row of a license that nothing stands against: its pools are made.
    fn licensed(&mut self, id: &LicenseId, grant: &LicenseGrant, step: &mut Step) -> Done<LicenseRow> {
        let mut entitlements = Vec::new();
        for (pool, plan, limit) in &grant.pools {
            let pool = self.pool_or_new(pool, step).ok_or_else(super::grant_seats::too_many_pools)?;
            entitlements.push(Entitlement { pool, plan: *plan, limit: *limit });
        }
        Ok(LicenseRow {
            tenant: self.no,
            id: id.clone(),
            revision: grant.revision,
            not_before: grant.not_before,
            expires: grant.expires,
            entitlements,
        })
    }
}
