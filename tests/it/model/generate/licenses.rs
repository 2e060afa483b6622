//! Random commands about licenses: mostly new revisions, also older ones, repetitions, and ends.

use std::sync::Arc;

use usher::error_reason::ErrorReason;
use usher::ids::{LicenseId, PoolId, TenantId};
use usher::ledger::change::{Limit, Plan};
use usher::ledger::command::{
    Command, DeleteLicense, DeleteLicenses, FetchLicense, InstallLicense, LicenseGrant, NoteLicenseRequest,
    RevokeLicense, VendorAnswer,
};
use usher::ledger::license::{PoolGrant, Terms, Tier};

use super::super::naive::{License, Model, Tenant};
use super::{DAY, Generator};

impl Generator {
    pub(super) fn any_license(&mut self, model: &Model, tenant: &TenantId) -> Command {
        let install = match model.tenant(tenant) {
            Some(known) => self.license(known),
            None => self.new_license(),
        };
        match install {
            // The license is uploaded, or fetched from the vendor.
            Command::InstallLicense(found) if self.rng.percent(25) => {
                self.fetched(VendorAnswer::License(Box::new(found)))
            }
            other if self.rng.percent(95) => other,
            _ => self.nothing_new(),
        }
    }

    fn fetched(&mut self, answer: VendorAnswer) -> Command {
        FetchLicense { from: "https://vendor.example/…".into(), answer }.into()
    }

    fn nothing_new(&mut self) -> Command {
        match self.rng.below(4) {
            0 => self.fetched(VendorAnswer::Nothing),
            1 => self.fetched(VendorAnswer::Failed("no answer".into())),
            2 => self.fetched(VendorAnswer::Refused { reason: ErrorReason::LicenseSignature, text: "altered".into() }),
            _ => NoteLicenseRequest { to: "v@x.example".into(), what: "a renewal".into(), failed: None }.into(),
        }
    }

    pub(super) fn license(&mut self, tenant: &Tenant) -> Command {
        let license = self.license_id();
        match self.rng.below(100) {
            0..=9 => DeleteLicense { license }.into(),
            10..=11 => DeleteLicenses.into(),
            12..=13 => RevokeLicense { license, up_to_revision: self.revision(), why: "".into() }.into(),
            14..=18 if !tenant.papers.is_empty() => {
                let paper = self.rng.pick(&tenant.papers);
                // A revision next to an existing one.
                let up_to_revision = (paper.grant.revision + self.rng.below(3)).saturating_sub(1);
                RevokeLicense { license: paper.id.clone(), up_to_revision, why: "".into() }.into()
            }
            19..=29 if !tenant.papers.is_empty() => {
                let paper = self.rng.pick(&tenant.papers).clone();
                self.again(paper)
            }
            _ => self.new_license(),
        }
    }

    fn license_id(&mut self) -> LicenseId {
        LicenseId::stored(self.rng.word(&["base", "base", "base", "more", "more", "rare"]))
    }

    /// A revision that mostly grows with time.
    fn revision(&mut self) -> u64 {
        self.no as u64 - self.rng.below(20).min(self.no as u64)
    }

    /// A license that was installed before, or another text under its revision.
    fn again(&mut self, paper: License) -> Command {
        let mut grant = paper.grant;
        if self.rng.percent(20) {
            grant.terms = Arc::new(self.terms());
        }
        if self.rng.percent(10) {
            grant.pools.pop();
        }
        InstallLicense { license: paper.id, grant }.into()
    }

    fn new_license(&mut self) -> Command {
        let license = self.license_id();
        let mut pools = Vec::new();
        for (pool, plan) in [("primary", Plan::Concurrent), ("crm", Plan::Named), ("extra", Plan::Concurrent)] {
            if self.rng.percent(85) {
                let plan = if self.rng.percent(3) { Plan::Named } else { plan };
                let (pool, limit) = (PoolId::stored(pool), self.limit());
                // A document gives none to a named or an unlimited pool.
                let may = plan == Plan::Concurrent && limit != Limit::Unlimited && self.rng.percent(30);
                let overdraft = if may { 1 + self.rng.below(2) } else { 0 };
                pools.push(PoolGrant { pool, plan, limit, overdraft });
            }
        }
        let not_before = self.perhaps(10, Self::date);
        let date = |this: &mut Self| if this.rng.percent(5) { this.now.wall } else { this.date() };
        let expires = self.perhaps(30, date).filter(|end| not_before.is_none_or(|from| from < *end));
        let terms = Arc::new(self.terms());
        InstallLicense { license, grant: LicenseGrant { revision: self.revision(), not_before, expires, pools, terms } }
            .into()
    }

    fn limit(&mut self) -> Limit {
        match self.rng.below(10) {
            0 => Limit::Unlimited,
            seats => Limit::Seats(seats / 2),
        }
    }

    fn terms(&mut self) -> Terms {
        let features = ["A", "B", "C"].map(Into::into);
        let mut terms = Terms {
            document: self.rng.word(&["", "", "a.b.c", "a.b.d"]).into(),
            customer_id: self.rng.word(&["", "42", "43"]).into(),
            registered_to: self.rng.word(&["", "Acme", "Bolt"]).into(),
            hosts: self.rng.some(&["*.x".into(), "y".into()], 0, 2),
            tier: self.perhaps(50, |this| *this.rng.pick(&[Tier::Bronze, Tier::Silver, Tier::Gold, Tier::Platinum])),
            features: self.rng.some(&features, 0, 2),
            issued: usher::ledger::time::WallTime(self.rng.below(3 * DAY) as i64),
            ..Terms::default()
        };
        for name in ["L", "M"] {
            if self.rng.percent(40) {
                terms.limits.push((name.into(), self.limit()));
            }
        }
        terms
    }
}
