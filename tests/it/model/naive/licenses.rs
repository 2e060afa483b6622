//! Licenses: their records, the newest revisions, which decide, and the entitlements that follow (R14, R27 to R31).

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use usher::error_reason::ErrorReason;
use usher::ids::{LicenseId, PoolId, TenantId};
use usher::ledger::change::{Actor, Limit, Plan};
use usher::ledger::command::{
    Command, FetchLicense, InstallLicense, LicenseFetched, LicenseGrant, Outcome, RevokeLicense, VendorAnswer,
};
use usher::ledger::license_fetch::{FetchOutcome, LicenseFetch};
use usher::ledger::license_view::{Entitlements, LicenseChange, LicenseInformation, LicenseView, PoolChange, Validity};
use usher::ledger::outcome::{Done, LicenseState, Notice, PoolUsage, Refusal};
use usher::ledger::time::{Moment, WallTime};

use super::{Glance, License, Model, Tenant, missing, rule};

const EXPIRING: Duration = Duration::from_secs(30 * 24 * 60 * 60);
/// The actor of all commands.
pub const ACTOR: &str = "alice";

/// Limits of several licenses add up (R27).
pub fn sum(one: Limit, other: Limit) -> Limit {
    match (one, other) {
        (Limit::Seats(one), Limit::Seats(other)) => Limit::Seats(one + other),
        _ => Limit::Unlimited,
    }
}

/// The state of a license at a wall time, the best one first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Standing {
    InForce,
    Expired,
    NotYet,
}

impl License {
    /// A revoked license counts as expired.
    pub fn standing(&self, at: WallTime) -> Standing {
        match &self.grant {
            _ if self.revoked.is_some() => Standing::Expired,
            grant if grant.not_before.is_some_and(|from| at < from) => Standing::NotYet,
            grant if grant.expires.is_some_and(|expires| at >= expires) => Standing::Expired,
            _ => Standing::InForce,
        }
    }

    pub fn names(&self, pool: &PoolId) -> bool {
        self.grant.pools.iter().any(|given| given.pool == *pool)
    }

    /// Compares two licenses by the bytes of their documents, or by everything if they have none.
    fn is_text_of(&self, grant: &LicenseGrant) -> bool {
        let documents = (&*self.grant.terms.document, &*grant.terms.document);
        let same = if documents == ("", "") { self.grant == *grant } else { documents.0 == documents.1 };
        same && self.grant.revision == grant.revision
    }
}

impl Model {
    /// Applies a command about licenses.
    pub fn on_licenses(&mut self, id: &TenantId, command: &Command, now: Moment) -> Option<Outcome> {
        Some(match command {
            Command::InstallLicense(command) => Outcome::InstallLicense(self.install_license(id, command, now)),
            Command::DeleteLicense(command) => Outcome::DeleteLicense(self.delete_license(id, &command.license, now)),
            Command::DeleteLicenses(_) => Outcome::DeleteLicenses(self.delete_licenses(id, now)),
            Command::RevokeLicense(command) => Outcome::RevokeLicense(self.revoke_license(id, command, now)),
            Command::FetchLicense(command) => Outcome::FetchLicense(self.fetch_license(id, command, now)),
            Command::NoteLicenseRequest(_) => Outcome::NoteLicenseRequest(self.find(id).map(|_| ())),
            _ => return None,
        })
    }

    /// Runs a change of licenses, and returns its effect on each pool.
    fn changing(
        &mut self,
        id: &TenantId,
        license: Option<&LicenseId>,
        now: Moment,
        kind: impl FnOnce(&mut Tenant, &Glance) -> Done<bool>,
    ) -> Done<LicenseChange> {
        let at = self.find(id)?;
        let glance = self.glance(now);
        let tenant = &mut self.tenants[at];
        let before = tenant.usages(&glance);
        let changed = kind(tenant, &glance)?;
        let shown = license.and_then(|license| tenant.deciding().find(|paper| paper.id == *license));
        let mut pools = Vec::new();
        for after in tenant.usages(&glance) {
            let before: Option<&PoolUsage> = before.iter().find(|before| before.pool == after.pool);
            if before != Some(&after) || shown.is_some_and(|shown| shown.names(&after.pool)) {
                pools.push(PoolChange { before: before.cloned(), after });
            }
        }
        Ok(LicenseChange { changed, pools, license: shown.map(|shown| tenant.license_view(shown, &glance)) })
    }

    pub fn install_license(&mut self, id: &TenantId, command: &InstallLicense, now: Moment) -> Done<LicenseChange> {
        let before = self.floors.iter().filter(|(tenant, paper)| tenant == id && paper.id == command.license);
        let floor = before.map(|(_, paper)| paper.clone()).max_by_key(|paper| paper.grant.revision);
        self.changing(id, Some(&command.license), now, |tenant, glance| tenant.install(command, floor, glance))
    }

    pub fn delete_license(&mut self, id: &TenantId, license: &LicenseId, now: Moment) -> Done<LicenseChange> {
        self.changing(id, Some(license), now, |tenant, _| tenant.delete_paper(license, now).map(|()| true))
    }

    pub fn delete_licenses(&mut self, id: &TenantId, now: Moment) -> Done<LicenseChange> {
        self.changing(id, None, now, |tenant, _| {
            let all: Vec<LicenseId> = tenant.deciding().map(|paper| paper.id.clone()).collect();
            all.iter().try_for_each(|license| tenant.delete_paper(license, now))?;
            Ok(!all.is_empty())
        })
    }

    pub fn revoke_license(&mut self, id: &TenantId, command: &RevokeLicense, now: Moment) -> Done<LicenseChange> {
        let up_to = command.up_to_revision;
        self.changing(id, Some(&command.license), now, |tenant, _| {
            let mut changed = false;
            for paper in tenant.papers.iter_mut().filter(|paper| paper.id == command.license) {
                if paper.grant.revision <= up_to && paper.revoked.is_none_or(|before| before < up_to) {
                    (paper.revoked, paper.changed, changed) = (Some(up_to), now.tick, true);
                }
            }
            Ok(changed)
        })
    }

    /// Installs only a license above every revision that the tenant has had. The text of the fetch is not compared.
    pub fn fetch_license(&mut self, id: &TenantId, command: &FetchLicense, now: Moment) -> Done<LicenseFetched> {
        let at = self.find(id)?;
        let (outcome, reason, change) = match &command.answer {
            VendorAnswer::Nothing => (FetchOutcome::Nothing, "", None),
            VendorAnswer::Refused { reason, .. } => (FetchOutcome::Refused, reason.name(), None),
            VendorAnswer::Failed(_) => (FetchOutcome::Failed, "", None),
            VendorAnswer::License(found) => {
                let mut same = self.tenants[at].papers.iter().filter(|paper| paper.id == found.license);
                if same.any(|paper| paper.grant.revision >= found.grant.revision) {
                    (FetchOutcome::NotNewer, "", None)
                } else {
                    match self.install_license(id, found, now) {
                        Ok(change) => (FetchOutcome::Installed, "", Some(change)),
                        Err(Refusal::Precondition { reason, .. }) => (FetchOutcome::Refused, reason.name(), None),
                        Err(other) => unreachable!("{other:?}"),
                    }
                }
            }
        };
        self.tenants[at].fetched = Some((now.wall, outcome, reason.into()));
        let fetch = self.tenants[at].last_fetch().expect("just now");
        Ok(LicenseFetched { fetch, news: false, change })
    }

    /// Lists all licenses but the deleted ones.
    pub fn list_licenses(&self, id: &TenantId, now: Moment) -> Done<Vec<LicenseView>> {
        let (glance, tenant) = (self.glance(now), &self.tenants[self.find(id)?]);
        let mut shown: Vec<&License> = tenant.papers.iter().filter(|paper| !paper.deleted).collect();
        shown.sort_by(|a, b| a.id.cmp(&b.id).then(b.grant.revision.cmp(&a.grant.revision)));
        Ok(shown.into_iter().map(|paper| tenant.license_view(paper, &glance)).collect())
    }

    pub fn entitlements(&self, id: &TenantId, now: Moment) -> Done<Entitlements> {
        Ok(self.tenants[self.find(id)?].given(&self.glance(now)))
    }

    pub fn license_information(&self, id: &TenantId, now: Moment) -> Done<LicenseInformation> {
        let (glance, tenant) = (self.glance(now), &self.tenants[self.find(id)?]);
        let at = glance.license_time;
        let in_force: Vec<&License> = tenant.in_force(&glance).collect();
        let mut described = if in_force.is_empty() { tenant.deciding().collect() } else { in_force.clone() };
        described.sort_by_key(|paper| (paper.grant.terms.issued, &paper.id));
        let last = described.last().map(|paper| &paper.grant.terms);
        let hosts: BTreeSet<_> = described.iter().flat_map(|paper| paper.grant.terms.hosts.clone()).collect();
        let ends: Vec<WallTime> = in_force.iter().filter_map(|paper| paper.grant.expires).collect();
        let all_end = ends.len() == in_force.len();
        Ok(LicenseInformation {
            customer_id: last.map_or("".into(), |terms| terms.customer_id.clone()),
            registered_to: last.map_or("".into(), |terms| terms.registered_to.clone()),
            hosts: hosts.into_iter().collect(),
            given: tenant.given(&glance),
            pools: tenant.usages(&glance),
            first_end: ends.iter().min().map(|end| end.since(at)),
            last_end: ends.iter().max().filter(|_| all_end).map(|end| end.since(at)),
            updated: tenant.papers.iter().map(|paper| paper.changed).max().map(|tick| now.wall_of(tick)),
            fetch: tenant.last_fetch(),
        })
    }
}

impl Tenant {
    /// The last fetch, without its text.
    fn last_fetch(&self) -> Option<LicenseFetch> {
        let (at, outcome, reason) = self.fetched.clone()?;
        Some(LicenseFetch { at, outcome, reason, text: "".into() })
    }

    /// The newest revision of each license that is not deleted.
    pub fn deciding(&self) -> impl Iterator<Item = &License> {
        self.papers.iter().filter(|paper| self.is_newest(paper) && !paper.deleted)
    }

    pub fn is_newest(&self, paper: &License) -> bool {
        self.newest(&paper.id).is_some_and(|newest| newest.grant.revision == paper.grant.revision)
    }

    fn newest(&self, id: &LicenseId) -> Option<&License> {
        self.papers.iter().filter(|paper| paper.id == *id).max_by_key(|paper| paper.grant.revision)
    }

    pub fn in_force(&self, glance: &Glance) -> impl Iterator<Item = &License> {
        let at = glance.license_time;
        self.deciding().filter(move |paper| paper.standing(at) == Standing::InForce)
    }

    /// `floor`: the newest revision of the license that an earlier tenant of the same id had.
    fn install(&mut self, command: &InstallLicense, floor: Option<License>, glance: &Glance) -> Done<bool> {
        let (id, grant) = (&command.license, &command.grant);
        if let Some(newest) = self.newest(id) {
            let same = newest.is_text_of(grant);
            if same && newest.revoked.is_none() && !newest.deleted {
                return Ok(false);
            }
            if grant.revision < newest.grant.revision {
                return Err(rule(ErrorReason::LicenseRevision));
            }
            if newest.revoked.is_some_and(|up_to| grant.revision <= up_to) {
                return Err(rule(ErrorReason::LicenseRevoked));
            }
            if grant.revision == newest.grant.revision && !(same && newest.deleted) {
                return Err(rule(ErrorReason::LicenseRevision));
            }
        } else if let Some(floor) = floor {
            let (old, document) = (floor.grant.revision, &floor.grant.terms.document);
            if grant.revision >= old && floor.revoked.is_some_and(|up_to| grant.revision <= up_to) {
                return Err(rule(ErrorReason::LicenseRevoked));
            }
            if grant.revision < old || (grant.revision == old && *document != grant.terms.document) {
                return Err(rule(ErrorReason::LicenseRevision));
            }
        }
        if grant.expires.is_some_and(|end| end <= glance.license_time) {
            return Err(rule(ErrorReason::LicenseExpired));
        }
        if self.plans_disagree(id, grant) {
            return Err(rule(ErrorReason::PlansDisagree));
        }
        grant.pools.iter().for_each(|given| self.know(&given.pool));
        self.file(id, grant, glance.now);
        Ok(true)
    }

    /// Adds the new revision to the earlier ones, of which only eight stay.
    fn file(&mut self, id: &LicenseId, grant: &LicenseGrant, now: Moment) {
        let before = self.newest(id).map(|newest| newest.grant.revision);
        for paper in self.papers.iter_mut().filter(|paper| paper.id == *id) {
            if Some(paper.grant.revision) == before && paper.revoked.is_none() {
                paper.changed = now.tick;
            }
        }
        self.papers.retain(|paper| paper.id != *id || !paper.deleted);
        let mut former: Vec<u64> = self.papers.iter().filter(|p| p.id == *id).map(|p| p.grant.revision).collect();
        former.sort_unstable();
        let dropped = &former[..former.len().saturating_sub(8)];
        self.papers.retain(|paper| paper.id != *id || !dropped.contains(&paper.grant.revision));
        self.papers.push(License {
            id: id.clone(),
            grant: grant.clone(),
            installed: now.tick,
            changed: now.tick,
            deleted: false,
            revoked: None,
        });
    }

    /// Keeps the record of the newest revision only.
    fn delete_paper(&mut self, id: &LicenseId, now: Moment) -> Done<()> {
        let shown = self.deciding().find(|paper| paper.id == *id).map(|paper| paper.grant.revision);
        let revision = shown.ok_or_else(|| missing("license", id))?;
        self.papers.retain(|paper| paper.id != *id || paper.grant.revision == revision);
        for paper in self.papers.iter_mut().filter(|paper| paper.id == *id) {
            (paper.deleted, paper.changed) = (true, now.tick);
        }
        Ok(())
    }

    /// R27: returns whether two licenses would give the same pool different plans.
    fn plans_disagree(&self, license: &LicenseId, grant: &LicenseGrant) -> bool {
        let others = self.deciding().filter(|other| other.id != *license).flat_map(|other| &other.grant.pools);
        let given: Vec<_> = others.chain(&grant.pools).collect();
        grant.pools.iter().any(|one| given.iter().any(|other| other.pool == one.pool && other.plan != one.plan))
    }

    fn license_view(&self, paper: &License, glance: &Glance) -> LicenseView {
        let validity = match paper.standing(glance.license_time) {
            _ if paper.revoked.is_some() => Validity::Revoked,
            _ if !self.is_newest(paper) => Validity::Superseded,
            Standing::InForce => Validity::InForce,
            Standing::Expired => Validity::Expired,
            Standing::NotYet => Validity::NotYetValid,
        };
        LicenseView {
            id: paper.id.clone(),
            revision: paper.grant.revision,
            validity,
            not_before: paper.grant.not_before,
            expires: paper.grant.expires,
            pools: paper.grant.pools.clone(),
            terms: paper.grant.terms.clone(),
            installed: glance.now.wall_of(paper.installed),
            installed_by: Actor(ACTOR.into()),
        }
    }

    fn given(&self, glance: &Glance) -> Entitlements {
        let terms = || self.in_force(glance).map(|paper| &paper.grant.terms);
        let features: BTreeSet<_> = terms().flat_map(|terms| terms.features.clone()).collect();
        let mut limits: BTreeMap<Box<str>, Limit> = BTreeMap::new();
        for (name, limit) in terms().flat_map(|terms| terms.limits.clone()) {
            let before = limits.remove(&name).unwrap_or(Limit::Seats(0));
            limits.insert(name, sum(before, limit));
        }
        Entitlements {
            state: self.license_state(glance),
            tier: terms().filter_map(|terms| terms.tier).max(),
            features: features.into_iter().collect(),
            limits: limits.into_iter().collect(),
        }
    }

    /// R30: returns whether the tenant is in demo mode.
    pub fn is_demo(&self) -> bool {
        self.deciding().next().is_none()
    }

    /// The best state of the licenses that guard 2 looks at: those that name the pool, else all.
    /// `None`: there is no license.
    pub fn standing(&self, pool: &PoolId, at: WallTime) -> Option<Standing> {
        let naming = self.deciding().any(|license| license.names(pool));
        self.deciding().filter(|license| !naming || license.names(pool)).map(|license| license.standing(at)).min()
    }

    pub fn is_licensed(&self, pool: &PoolId) -> bool {
        self.is_demo() || self.deciding().any(|license| license.names(pool))
    }

    /// The pool's plan, and the sum of what all licenses in force give (R27).
    pub fn entitlement(&self, pool: &PoolId, glance: &Glance) -> (Plan, Limit) {
        if self.is_demo() {
            return (Plan::Concurrent, Limit::Seats(glance.demo_seats));
        }
        let mut plan = None;
        let mut limit = Limit::Seats(0);
        for license in self.deciding() {
            let in_force = license.standing(glance.license_time) == Standing::InForce;
            for given in license.grant.pools.iter().filter(|given| given.pool == *pool) {
                plan.get_or_insert(given.plan);
                if in_force {
                    limit = sum(limit, given.limit);
                }
            }
        }
        (plan.unwrap_or(Plan::Concurrent), limit)
    }

    pub fn license_state(&self, glance: &Glance) -> LicenseState {
        match self.deciding().map(|license| license.standing(glance.license_time)).min() {
            None => LicenseState::Demo,
            Some(Standing::InForce) => LicenseState::Valid,
            Some(Standing::Expired) => LicenseState::Expired,
            Some(Standing::NotYet) => LicenseState::NotYetValid,
        }
    }

    /// Returns whether all licenses have expired by the high-water mark, and one would be in force by the wall clock
    /// (R31).
    pub fn is_revived_by_clock(&self, glance: &Glance) -> bool {
        let by_clock = self.deciding().any(|license| license.standing(glance.now.wall) == Standing::InForce);
        self.license_state(glance) == LicenseState::Expired && by_clock
    }

    /// Returns whether a license is in force now, and none will be at the end of the next 30 days.
    pub fn ends_soon(&self, glance: &Glance) -> bool {
        let later = glance.license_time.plus(EXPIRING);
        let later = self.deciding().map(|license| license.standing(later)).min();
        self.license_state(glance) == LicenseState::Valid && later != Some(Standing::InForce)
    }

    /// The notice about the pool's license in force that ends first, if it ends within 30 days.
    pub fn expiring(&self, pool: &PoolId, glance: &Glance) -> Option<Notice> {
        let in_force = self.in_force(glance).filter(|license| license.names(pool));
        let first = in_force.filter_map(|license| license.grant.expires).min()?;
        let left = first.since(glance.license_time);
        (left <= EXPIRING).then_some(Notice::LicenseExpiring(left))
    }
}
