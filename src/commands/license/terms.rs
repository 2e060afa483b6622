//! Parses the options of `usher license issue` and `revoke`.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;

use uuid::Uuid;

use crate::cli::license::{GrantArgs, HolderArgs, Issue, ValidityArgs};
use crate::ids::{LicenseId, PoolId, TenantId, Text};
use crate::ledger::change::{Limit, Plan};
use crate::ledger::time::Wall;
use crate::license::{Date, HostPattern, MAX_NUMBER, Terms, Tier, is_name, parse_text};

/// Collects mistakes, so that one run reports them all.
#[derive(Default)]
pub struct OptionErrors(pub Vec<String>);

impl OptionErrors {
    /// Returns the value; `None`: the option was not given, or is wrong and was added to the mistakes.
    pub fn take<T, E: Display>(
        &mut self,
        option: &str,
        given: Option<&str>,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Option<T> {
        parse(given?).map_err(|error| self.0.push(format!("{option}: {error}"))).ok()
    }

    /// Parses every value of an option that can be repeated; each wrong one is quoted.
    pub fn each<T, E: Display>(
        &mut self,
        option: &str,
        given: &[String],
        parse: impl Fn(&str) -> Result<T, E>,
    ) -> Vec<T> {
        given.iter().filter_map(|text| self.take(&format!("{option} {text}"), Some(text), &parse)).collect()
    }

    /// Parses values by name: `primary=100`.
    fn map<K: Ord, V>(
        &mut self,
        option: &str,
        given: &[String],
        key: impl Fn(&str) -> Result<K, String>,
        value: impl Fn(&str) -> Result<V, String>,
    ) -> BTreeMap<K, V> {
        let mut map = BTreeMap::new();
        for text in given {
            // A pool name may contain the sign, a value does not.
            let parsed = text.rsplit_once('=').ok_or_else(|| "must be NAME=VALUE".to_owned());
            let parsed = parsed.and_then(|(name, text)| Ok((key(name)?, value(text)?)));
            match parsed {
                Ok((name, _)) if map.contains_key(&name) => self.0.push(format!("{option} {text}: is given twice")),
                Ok((name, value)) => drop(map.insert(name, value)),
                Err(problem) => self.0.push(format!("{option} {text}: {problem}")),
            }
        }
        map
    }
}

/// Parses all terms of `usher license issue`; mistakes are added to `problems`.
pub fn terms(args: &Issue, problems: &mut OptionErrors) -> Terms {
    let Issue {
        grant: GrantArgs { seats, plan, feature, limit, tier },
        holder,
        validity: ValidityArgs { expires, not_before },
        ..
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
    is.ok_or_else(|| format!("{text:?} is not a name such as CRM_ALLOWED, at most 64 signs long"))
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

fn end(text: &str) -> Result<Option<Wall>, String> {
    if text == "never" { Ok(None) } else { date(text).map(|date| Some(date.end())) }
}
