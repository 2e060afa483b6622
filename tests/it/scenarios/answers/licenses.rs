//! Answers about licenses, in the words in which a scenario expects them.

use usher::ids::LicenseId;
use usher::ledger::change::Limit;
use usher::ledger::command::QueryResult;
use usher::ledger::license_view::{Entitlements, LicenseChange, LicenseInformation, LicenseView, PoolChange, Validity};
use usher::ledger::outcome::{Done, LicenseState};
use usher::ledger::time::Moment;

use super::{Answer, done, level, of_pool};
use crate::scenarios::language::length;

pub fn state(state: LicenseState) -> &'static str {
    match state {
        LicenseState::Demo => "demo mode",
        LicenseState::Valid => "license in force",
        LicenseState::NotYetValid => "license not yet valid",
        LicenseState::Expired => "license expired",
    }
}

pub fn validity(validity: Validity) -> &'static str {
    match validity {
        Validity::InForce => "in force",
        Validity::NotYetValid => "not yet valid",
        Validity::Expired => "expired",
        Validity::Superseded => "superseded",
        Validity::Revoked => "revoked",
    }
}

/// Answer of commands that install, delete or revoke a license.
pub fn changed(answer: &Done<LicenseChange>) -> Answer {
    done(answer, |change| {
        let so = if change.changed { "changed" } else { "unchanged" };
        let pools = change.pools.iter().flat_map(shift);
        let license = change.license.as_ref().map_or("no license", |license| validity(license.validity));
        let changed = format!("{} pools", change.pools.len());
        let after = change.pools.iter().map(|change| of_pool(&change.after));
        Answer::yes("yes").and([so.to_owned(), license.to_owned(), changed]).and(pools).and(after)
    })
}

/// Prints `primary 2 -> 5` as `primary from 2 to 5`, because in a scenario `->` begins the expected answer.
fn shift(change: &PoolChange) -> Vec<String> {
    let (pool, after) = (&change.after.pool, &change.after);
    let over = (after.over > 0).then(|| format!("{pool} over {}", after.over));
    let before = change.before.as_ref().map_or("none".into(), |before| before.limit.to_string());
    [Some(format!("{pool} from {before} to {}", after.limit)), over].into_iter().flatten().collect()
}

/// Answer of `license base`: the newest revision in the list.
pub fn newest(found: &QueryResult, id: &LicenseId, now: Moment) -> Answer {
    let QueryResult::ListLicenses(Ok(all)) = found else { unreachable!("the list of licenses, not {found:?}") };
    let newest = all.rows.iter().find(|license| license.id == *id);
    newest.map_or_else(|| Answer::no("none".into()), |view| license(view, now))
}

/// Answer of `information` and `entitlements`.
pub fn shown(found: &QueryResult, now: Moment) -> Answer {
    match found {
        QueryResult::GetLicenseInformation(found) => done(found, |found| information(found, now)),
        QueryResult::GetEntitlements(found) => done(found, entitlements),
        other => unreachable!("an answer about licenses, not {other:?}"),
    }
}

fn license(view: &LicenseView, now: Moment) -> Answer {
    Answer::yes(validity(view.validity)).and([
        format!("revision {}", view.revision),
        format!("by {}", view.installed_by.0),
        format!("installed {} ago", length(now.wall.since(view.installed))),
        format!("pools {}", view.pools.len()),
        format!("document {}", view.terms.document),
    ])
}

/// Answer of `list licenses`.
pub fn licenses(views: &[LicenseView]) -> String {
    let one = |view: &LicenseView| format!("{}/{} {}", view.id, view.revision, validity(view.validity));
    let all: Vec<String> = views.iter().map(one).collect();
    if all.is_empty() { "none".into() } else { all.join(" + ") }
}

fn entitlements(given: &Entitlements) -> Answer {
    let tier = given.tier.map_or("no tier".into(), |tier| format!("tier {tier:?}").to_lowercase());
    let limits = given.limits.iter().map(|(name, limit)| format!("limit {name} {limit}"));
    Answer::yes(state(given.state)).and([tier, format!("features {}", words(&given.features))]).and(limits)
}

fn information(found: &LicenseInformation, now: Moment) -> Answer {
    let ends = |end: Option<std::time::Duration>| end.map_or("never".into(), length);
    let pools = found.pools.iter().map(|pool| format!("{} {}", pool.pool, level(pool).join(" ")));
    let updated = found.updated.map_or("never".into(), |at| format!("{} ago", length(now.wall.since(at))));
    entitlements(&found.given).and(pools).and([
        format!("customer {}", found.customer_id),
        format!("registered to {}", found.registered_to),
        format!("hosts {}", words(&found.hosts)),
        format!("first ends {}", ends(found.first_end)),
        format!("last ends {}", ends(found.last_end)),
        format!("updated {updated}"),
        format!("limits {}", found.given.limits.len()),
        format!("unlimited {}", found.given.limits.iter().filter(|(_, limit)| *limit == Limit::Unlimited).count()),
    ])
}

fn words(list: &[Box<str>]) -> String {
    if list.is_empty() { "none".into() } else { list.join(" ") }
}
