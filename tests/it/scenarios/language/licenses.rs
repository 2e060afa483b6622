//! Verbs about licenses, `license …` and `pool …`: their terms and their ends.

use std::sync::Arc;

use usher::ids::{InstanceId, LicenseId, PoolId};
use usher::ledger::change::{Limit, Plan};
use usher::ledger::command::{DeleteLicense, InstallLicense, LicenseGrant, RevokeLicense};
use usher::ledger::license::{PoolGrant, Terms, Tier};
use usher::ledger::time::WallTime;

use super::Words;
use super::steps::{START, Verb};
use super::verbs::{command, ledger_command, parsed, pool_id};

/// Words that end a list of pools, features or limits.
const CLAUSES: [&str; 10] =
    ["tier", "features", "limits", "hosts", "customer", "to", "issued", "from", "until", "document"];

fn entitlement(pool: PoolId, words: &mut Words) -> Result<PoolGrant, String> {
    let plan = match words.next("a plan")?.as_str() {
        "named" => Plan::Named,
        "concurrent" => Plan::Concurrent,
        other => return Err(format!("`{other}` is no plan")),
    };
    let limit = limit(words)?;
    let overdraft = if words.eat("overdraft") { words.number("an overdraft")? } else { 0 };
    Ok(PoolGrant { pool, plan, limit, overdraft })
}

fn limit(words: &mut Words) -> Result<Limit, String> {
    Ok(if words.eat("unlimited") { Limit::Unlimited } else { Limit::Seats(words.number("a limit")?) })
}

fn dates(words: &mut Words) -> Result<(Option<WallTime>, Option<WallTime>), String> {
    let from = words.eat("from").then(|| words.duration()).transpose()?;
    let until = words.eat("until").then(|| words.duration()).transpose()?;
    Ok((from.map(|after| START.plus(after)), until.map(|after| START.plus(after))))
}

/// Parses `pool primary concurrent 2 overdraft 1`: a license of its own for one pool.
pub fn pool(words: &mut Words) -> Result<Verb, String> {
    let pool = pool_id(words)?;
    let license = LicenseId::stored(pool.as_str());
    if words.eat("deleted") {
        return Ok(command(DeleteLicense { license }));
    }
    let pools = vec![entitlement(pool, words)?];
    let (not_before, expires) = dates(words)?;
    Ok(Verb::License(license, LicenseGrant { not_before, expires, pools, ..LicenseGrant::default() }))
}

pub fn license(words: &mut Words) -> Result<Verb, String> {
    let license = parsed("a license", LicenseId::parse, words)?;
    match words.peek() {
        None => return Ok(Verb::ShowLicense(license)),
        Some("deleted") => {
            words.expect("deleted")?;
            return Ok(command(DeleteLicense { license }));
        }
        Some("revoked") => {
            words.expect("revoked")?;
            return revoked(license, words);
        }
        Some(_) => {}
    }
    words.expect("revision")?;
    let revision = words.number("a revision")?;
    words.expect("gives")?;
    let mut pools = Vec::new();
    while !words.eat("nothing") {
        let pool = pool_id(words)?;
        pools.push(entitlement(pool, words)?);
        if !words.eat(",") {
            break;
        }
    }
    let terms = Arc::new(terms(words)?);
    let (not_before, expires) = dates(words)?;
    Ok(command(InstallLicense { license, grant: LicenseGrant { revision, not_before, expires, pools, terms } }))
}

fn revoked(license: LicenseId, words: &mut Words) -> Result<Verb, String> {
    let up_to_revision = if words.eat("up") {
        words.expect("to")?;
        words.number("a revision")?
    } else {
        u64::MAX
    };
    let why = if words.eat("for") { words.next("a reason")? } else { String::new() };
    Ok(ledger_command(RevokeLicense { license, up_to_revision, why: why.into() }))
}

fn terms(words: &mut Words) -> Result<Terms, String> {
    let mut terms = Terms { instance: Some(InstanceId(uuid::Uuid::from_u128(1))), ..Terms::default() };
    while let Some(word) = words.peek().filter(|word| !["from", "until"].contains(word)) {
        match word.to_owned().as_str() {
            "tier" => {
                words.expect("tier")?;
                terms.tier = Some(tier(&words.next("a tier")?)?);
            }
            "features" => terms.features = names(words, "features")?,
            "hosts" => terms.hosts = names(words, "hosts")?,
            "limits" => terms.limits = limits(words)?,
            "customer" => terms.customer_id = text(words, "customer")?,
            "to" => terms.registered_to = text(words, "to")?,
            "document" => terms.document = text(words, "document")?,
            "issued" => {
                words.expect("issued")?;
                terms.issued = START.plus(words.duration()?);
            }
            other => return Err(format!("a license says nothing like `{other}`")),
        }
    }
    Ok(terms)
}

fn text(words: &mut Words, clause: &str) -> Result<Box<str>, String> {
    words.expect(clause)?;
    Ok(words.next(clause)?.into())
}

fn names(words: &mut Words, clause: &str) -> Result<Vec<Box<str>>, String> {
    words.expect(clause)?;
    Ok(words.names(clause, &CLAUSES)?.into_iter().map(Into::into).collect())
}

fn limits(words: &mut Words) -> Result<Vec<(Box<str>, Limit)>, String> {
    words.expect("limits")?;
    let mut limits = Vec::new();
    while words.peek().is_some_and(|word| !CLAUSES.contains(&word)) {
        let name = words.next("a name")?;
        limits.push((name.into(), limit(words)?));
    }
    Ok(limits)
}

fn tier(word: &str) -> Result<Tier, String> {
    match word {
        "bronze" => Ok(Tier::Bronze),
        "silver" => Ok(Tier::Silver),
        "gold" => Ok(Tier::Gold),
        "platinum" => Ok(Tier::Platinum),
        other => Err(format!("`{other}` is no tier")),
    }
}
