//! Verb `policy <field> <value>`: every field of the policy, by its name in the API.

use std::time::Duration;

use usher::ledger::command::{PolicyPatch, UpdateTenant};
use usher::ledger::policy::{CloseActive, UnknownUsers, WhenAlreadySignedIn, WhenFull};

use super::Words;

/// Parses the line after `policy`.
///
/// # Errors
/// The reason why the line cannot be parsed.
pub fn policy(words: &mut Words) -> Result<UpdateTenant, String> {
    let mut patch = PolicyPatch::default();
    match words.next("a field of the policy")?.as_str() {
        "lease_ttl" => patch.lease_ttl = Some(words.duration()?),
        "max_session" => patch.max_session = Some(words.duration()?),
        "away_after" => patch.away_after = Some(words.duration()?),
        "idle_after" => patch.idle_after = Some(words.duration()?),
        "idle_timeout" => patch.idle_timeout = Some(timeout(words)?),
        "max_devices_per_user" => {
            let devices = words.number("a number of devices")?;
            patch.max_devices_per_user = Some(u32::try_from(devices).map_err(|_| "too many devices")?);
        }
        "when_already_signed_in" => {
            let choices = [("DENY", WhenAlreadySignedIn::Deny), ("TAKE_OVER", WhenAlreadySignedIn::TakeOver)];
            patch.when_already_signed_in = Some(choice(words, choices)?);
        }
        "when_full" => {
            patch.when_full = Some(choice(words, [("DENY", WhenFull::Deny), ("RECLAIM_IDLE", WhenFull::ReclaimIdle)])?);
        }
        "close_active" => {
            patch.close_active = Some(choice(words, [("REFUSE", CloseActive::Refuse), ("ALLOW", CloseActive::Allow)])?);
        }
        "unknown_users" => {
            patch.unknown_users = Some(choice(words, [("DENY", UnknownUsers::Deny), ("ADMIT", UnknownUsers::Admit)])?);
        }
        "administrators_count_in_named" => patch.administrators_count_in_named = Some(yes_no(words)?),
        "administrators_count_in_concurrent" => patch.administrators_count_in_concurrent = Some(yes_no(words)?),
        "responsible_person" => patch.responsible_person = Some(words.next("an address")?.into()),
        "warn_at_percent" => patch.warn_at_percent = Some(percents(words)?),
        "seat_request_step" => {
            patch.seat_request_step = Some(u32::try_from(words.number("seats")?).map_err(|_| "too many seats")?);
        }
        other => return Err(format!("the policy has no field `{other}`")),
    }
    let mut version = None;
    if words.eat("if") {
        words.expect("version")?;
        version = Some(words.number("a version")?);
    }
    Ok(UpdateTenant { version, policy: patch, ..UpdateTenant::default() })
}

/// Parses `75 90`, or `off`.
fn percents(words: &mut Words) -> Result<Box<[u8]>, String> {
    if words.eat("off") {
        return Ok(Box::default());
    }
    let names = words.names("a percentage", &["if"])?;
    names.iter().map(|word| word.parse().map_err(|_| format!("`{word}` is no percentage"))).collect()
}

fn timeout(words: &mut Words) -> Result<Option<Duration>, String> {
    if words.eat("off") { Ok(None) } else { words.duration().map(Some) }
}

fn yes_no(words: &mut Words) -> Result<bool, String> {
    choice(words, [("yes", true), ("no", false)])
}

fn choice<T>(words: &mut Words, choices: [(&str, T); 2]) -> Result<T, String> {
    let word = words.next("a value")?;
    let found = choices.into_iter().find(|(name, _)| *name == word);
    found.map(|(_, value)| value).ok_or_else(|| format!("`{word}` is no value of it"))
}
