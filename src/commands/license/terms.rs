//! The terms of a license, as the options of `usher license issue` and `revoke` have them.

use std::collections::BTreeSet;

use clap::Args;
use uuid::Uuid;

use super::option_errors::OptionErrors;
use crate::ids::{LicenseId, PoolId, TenantId, Text};
use crate::ledger::change::{Limit, Plan};
use crate::ledger::time::WallTime;
use crate::license::{Date, HostPattern, MAX_NUMBER, Overdraft, Terms, Tier, is_name, parse_text};

#[derive(Debug, Args)]
pub struct TermsArgs {
    #[command(flatten)]
    pub grant: GrantArgs,
    #[command(flatten)]
    pub holder: HolderArgs,
    #[command(flatten)]
    pub validity: ValidityArgs,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Entitlements")]
pub struct GrantArgs {
    /// Seats of pools: primary=100,extranet=unlimited
    #[arg(long, value_name = "POOL=SEATS", value_delimiter = ',')]
    pub seats: Vec<String>,
    /// What counts in a pool, named or concurrent: primary=named [default: concurrent]
    #[arg(long, value_name = "POOL=PLAN", value_delimiter = ',')]
    pub plan: Vec<String>,
    /// Seats, or a part of the limit, that may be in use above it in a concurrent pool: primary=10%,crm=2 [default: 0]
    #[arg(long, value_name = "POOL=OVERDRAFT", value_delimiter = ',')]
    pub overdraft: Vec<String>,
    /// A feature that is on: CRM_ALLOWED
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    pub feature: Vec<String>,
    /// A numeric limit: MAX_PUBLISH_LOCATIONS=50, or =unlimited
    #[arg(long, value_name = "NAME=NUMBER", value_delimiter = ',')]
    pub limit: Vec<String>,
    /// The package: bronze, silver, gold or platinum [default: bronze]
    #[arg(long, value_name = "TIER")]
    pub tier: Option<String>,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Licensee")]
pub struct HolderArgs {
    /// The tenant; a --request brings it
    #[arg(long, value_name = "ID")]
    pub tenant: Option<String>,
    /// Which license it is; a second one of a tenant needs a name of its own [default: as the tenant]
    #[arg(long, value_name = "ID")]
    pub license_id: Option<String>,
    /// Which revision; it replaces every lower one [default: 1, or the next one of the --request]
    #[arg(long, value_name = "NUMBER")]
    pub revision: Option<String>,
    /// The customer's id with the vendor [default: as the tenant]
    #[arg(long, value_name = "ID")]
    pub customer_id: Option<String>,
    /// Whose name it bears [default: as the customer's id]
    #[arg(long, value_name = "NAME")]
    pub registered_to: Option<String>,
    /// A host on which it may be installed; * stands for any characters: '*.example.com' [default: any]
    #[arg(long, value_name = "PATTERN", value_delimiter = ',')]
    pub host: Vec<String>,
    /// The one installation on which it may be installed [default: any]
    #[arg(long, value_name = "UUID")]
    pub instance: Option<String>,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Validity")]
pub struct ValidityArgs {
    /// Until the end of this day, or never: 2027-12-31; or until a moment: 2027-12-31T12:00:00Z [default: never]
    #[arg(long, value_name = "DATE")]
    pub expires: Option<String>,
    /// From this day or moment on [default: at once]
    #[arg(long, value_name = "DATE")]
    pub not_before: Option<String>,
}

/// Parses all terms of `usher license issue`; mistakes are added to `problems`.
pub fn terms(args: &TermsArgs, problems: &mut OptionErrors) -> Terms {
    let TermsArgs {
        grant: GrantArgs { seats, plan, overdraft, feature, limit, tier },
        holder,
        validity: ValidityArgs { expires, not_before },
    } = args;
    let HolderArgs { tenant, license_id, revision, customer_id, registered_to, host, instance } = holder;
    Terms {
        tenant: problems.take("--tenant", tenant.as_deref(), TenantId::parse),
        license: problems.take("--license-id", license_id.as_deref(), LicenseId::parse),
        revision: problems.take("--revision", revision.as_deref(), revision_number),
        customer_id: problems.take("--customer-id", customer_id.as_deref(), parse_text),
        registered_to: problems.take("--registered-to", registered_to.as_deref(), parse_text),
        hosts: hosts(host, problems),
        instance: problems.take("--instance", instance.as_deref(), Uuid::try_parse),
        tier: problems.take("--tier", tier.as_deref(), tier_word),
        seats: problems.map("--seats", seats, pool, seats_number),
        plans: problems.map("--plan", plan, pool, plan_word),
        overdrafts: problems.map("--overdraft", overdraft, pool, overdraft_value),
        features: features(feature, problems),
        limits: problems.map("--limit", limit, name, seats_number),
        not_before: problems.take("--not-before", not_before.as_deref(), |text| date(text).map(Date::start)),
        expires: problems.take("--expires", expires.as_deref(), end),
    }
}

/// Parses a revision: from 1 to `MAX_NUMBER`.
pub fn revision_number(text: &str) -> Result<u64, String> {
    let number = text.parse().ok().filter(|number| (1..=MAX_NUMBER).contains(number));
    number.ok_or_else(|| format!("{text:?} is not a number from 1 to {MAX_NUMBER}"))
}

fn pool(text: &str) -> Result<PoolId, String> {
    PoolId::parse(text).map_err(|error| format!("the pool {error}"))
}

fn seats_number(text: &str) -> Result<Limit, String> {
    if text == "unlimited" {
        return Ok(Limit::Unlimited);
    }
    let number = text.parse().ok().filter(|number| *number <= MAX_NUMBER);
    number.map(Limit::Seats).ok_or_else(|| format!("{text:?} is not a number from 0 to {MAX_NUMBER}, or unlimited"))
}

fn overdraft_value(text: &str) -> Result<Overdraft, String> {
    Overdraft::parse(text).map_err(|wrong| format!("{text:?} {wrong}"))
}

fn plan_word(text: &str) -> Result<Plan, String> {
    match text {
        "named" => Ok(Plan::Named),
        "concurrent" => Ok(Plan::Concurrent),
        _ => Err(format!("{text:?} is neither named nor concurrent")),
    }
}

fn tier_word(text: &str) -> Result<Tier, String> {
    let found = Tier::ALL.into_iter().find(|tier| tier.word().eq_ignore_ascii_case(text));
    found.ok_or_else(|| format!("{text:?} is not bronze, silver, gold or platinum"))
}

fn name(text: &str) -> Result<Text, String> {
    let is = is_name(text).then(|| text.into());
    is.ok_or_else(|| format!("{text:?} is not a name such as CRM_ALLOWED, at most 64 characters long"))
}

fn features(given: &[String], problems: &mut OptionErrors) -> BTreeSet<Text> {
    given.iter().filter_map(|text| problems.take("--feature", Some(text), name)).collect()
}

fn hosts(given: &[String], problems: &mut OptionErrors) -> Option<Vec<HostPattern>> {
    let mut hosts: Vec<HostPattern> = Vec::new();
    for text in given {
        let parse = |text: &str| HostPattern::parse(text).map_err(|error| format!("{text:?} {error}"));
        hosts.extend(problems.take("--host", Some(text), parse).filter(|host| !hosts.contains(host)));
    }
    (!given.is_empty()).then_some(hosts)
}

fn date(text: &str) -> Result<Date, String> {
    Date::parse(text).ok_or_else(|| format!("{text:?} is not a date such as 2027-12-31 or 2027-12-31T12:00:00Z"))
}

fn end(text: &str) -> Result<Option<WallTime>, String> {
    if text == "never" { Ok(None) } else { date(text).map(|date| Some(date.end())) }
}
