//! Licenses: documents that the vendor signs, and what they change.

use std::sync::Arc;

use usher::ids::{InstanceId, LicenseId, PoolId};
use usher::ledger::change::Actor;
use usher::ledger::command::InstallLicense;
use usher::ledger::license::{PoolGrant, Terms};
use usher::ledger::license_view::{LicenseChange, LicenseView, PoolChange, Validity};
use usher::ledger::outcome::Done;
use usher::license::{Claims, Entitlement, HostPattern, Overdraft, Tier, parse_text};
use usher::proto::v1;

use super::{Caller, call, views};
use crate::scenarios::answers::licenses::validity;

impl Caller {
    pub fn install(&self, tenant_id: String, command: &InstallLicense) -> Done<LicenseChange> {
        let document = self.server.signed(&self.claims(&tenant_id, command));
        let request = v1::InstallLicenseRequest { tenant_id, document };
        let answer = call(self.server.licenses().install_license(request))?;
        let license = answer.license.map(license);
        Ok(LicenseChange { changed: answer.changed, pools: pools(answer.pools), license })
    }

    fn claims(&self, tenant_id: &str, command: &InstallLicense) -> Claims {
        let (grant, terms) = (&command.grant, &command.grant.terms);
        // A document names somebody, where a command of the ledger may leave it out.
        let name = |name: &str| parse_text(if name.is_empty() { "acme" } else { name }).expect("a name");
        let mut entitlements: Vec<_> = grant
            .pools
            .iter()
            .map(|PoolGrant { pool, plan, limit, overdraft }| Entitlement {
                pool: pool.clone(),
                plan: *plan,
                limit: *limit,
                overdraft: Overdraft::Seats(*overdraft),
            })
            .collect();
        entitlements.sort_unstable_by(|a, b| a.pool.cmp(&b.pool));
        Claims {
            license: command.license.clone(),
            revision: grant.revision,
            tenant: usher::ids::TenantId::stored(tenant_id),
            customer_id: name(&terms.customer_id),
            registered_to: name(&terms.registered_to),
            hosts: terms.hosts.iter().map(|host| HostPattern::parse(host).expect("a host")).collect(),
            instance: None,
            tier: terms.tier.unwrap_or(Tier::Bronze),
            entitlements,
            features: terms.features.iter().map(|feature| parse_text(feature).expect("a feature")).collect(),
            limits: terms.limits.iter().map(|(name, limit)| (parse_text(name).expect("a name"), *limit)).collect(),
            issued: self.server.now(),
            not_before: grant.not_before.map(|date| self.date(date)),
            expires: grant.expires.map(|date| self.date(date)),
        }
    }

    pub fn delete_license(&self, tenant_id: String, license_id: String) -> Done<LicenseChange> {
        let request = v1::DeleteLicenseRequest { tenant_id, license_id };
        let answer = call(self.server.licenses().delete_license(request))?;
        let changed = !answer.pools.is_empty();
        Ok(LicenseChange { changed, pools: pools(answer.pools), license: None })
    }

    pub fn delete_licenses(&self, tenant_id: String) -> Done<LicenseChange> {
        let answer = call(self.server.licenses().delete_licenses(v1::DeleteLicensesRequest { tenant_id }))?;
        Ok(LicenseChange { changed: answer.changed, pools: pools(answer.pools), license: None })
    }
}

fn pools(changes: Vec<v1::PoolChange>) -> Vec<PoolChange> {
    let change = |change: v1::PoolChange| PoolChange {
        before: change.before.map(views::pool_usage),
        after: views::pool_usage(change.after.expect("the pool after the change")),
    };
    changes.into_iter().map(change).collect()
}

pub fn tier(tier: v1::LicenseTier) -> Option<Tier> {
    let name = tier.as_str_name().trim_start_matches("LICENSE_TIER_");
    Tier::ALL.into_iter().find(|tier| tier.word() == name)
}

pub fn limits(limits: Vec<v1::NumericLimit>) -> Vec<(Box<str>, usher::ledger::change::Limit)> {
    limits.into_iter().map(|limit| (limit.name.into(), views::limit(limit.value, limit.unlimited))).collect()
}

pub fn words(list: Vec<String>) -> Vec<Box<str>> {
    list.into_iter().map(Into::into).collect()
}

pub fn license(view: v1::License) -> LicenseView {
    let name = view.validity().as_str_name().trim_start_matches("LICENSE_VALIDITY_").to_lowercase().replace('_', " ");
    let all = [Validity::InForce, Validity::NotYetValid, Validity::Expired, Validity::Superseded, Validity::Revoked];
    let tier = tier(view.tier());
    LicenseView {
        id: LicenseId::stored(&view.license_id),
        revision: view.revision,
        validity: all.into_iter().find(|one| validity(*one) == name).expect("a validity"),
        not_before: view.not_before.map(views::wall),
        expires: view.expires_at.map(views::wall),
        pools: view
            .entitlements
            .iter()
            .map(|given| {
                let limit = views::limit(given.seats, given.unlimited);
                let (pool, plan) = (PoolId::stored(&given.pool_id), views::plan(given.plan()));
                PoolGrant { pool, plan, limit, overdraft: given.overdraft }
            })
            .collect(),
        terms: Arc::new(Terms {
            document: view.document.into(),
            key_id: view.key_id.into(),
            customer_id: view.customer_id.into(),
            registered_to: view.registered_to.into(),
            hosts: words(view.hosts),
            instance: view.instance_id.parse().ok().map(InstanceId),
            tier,
            features: words(view.features),
            limits: limits(view.limits),
            issued: view.issued_at.map(views::wall).unwrap_or_default(),
        }),
        installed: view.installed_at.map(views::wall).unwrap_or_default(),
        installed_by: Actor(view.installed_by.as_str().into()),
    }
}
