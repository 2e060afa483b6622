//! The language: each sentence and the call that it makes. People have short names: `ann` is `ann@acme.example`, and
//! `p1..p40` are forty people.
//!
//! ```text
//! the vendor sells 3 named seats of primary, 1 named seat of extranet [for 30d]     InstallLicense, the next revision
//! the vendor sells unlimited concurrent seats of crm under the license more
//! the license more is deleted | all licenses are deleted                            DeleteLicense, DeleteLicenses
//! the policy says max_devices_per_user 2, when_already_signed_in TAKE_OVER          UpdateTenant
//! the organization north is opened [as "North Sea"]                                 CreateOrganization
//!
//! the user ann is made [as administrator] [with seats in primary crm]               CreateUser
//! the users ann bob are blocked [and signed out] | unblocked | deleted              BlockUser, UnblockUser, DeleteUser
//! the directory lists ann bob with primary, cid with primary crm at north           SyncUsers
//!     [and nobody else] [blocking others] [as a trial]
//! ann bob are granted primary crm [at north south]                                  BatchGrantSeats
//! primary crm are recalled from ann bob [at north] [and they are signed out]        BatchRevokeSeats
//!
//! ann signs in to primary on laptop [at north]                                      CheckOut
//! ann could sign in to primary on laptop [at north]                                 CheckOut, check_only
//! ann works on laptop | ann is there on laptop                                      Heartbeat, active or not
//! ann signs out on laptop                                                           CheckIn
//! root closes the session of ann on laptop [by force]                               CloseSession
//! root closes all idle sessions [in primary]                                        CloseIdleSessions
//! 2h 30m pass                                                                       the clock
//!
//! the usage is | the users count | the license is                                   GetUsage
//! the sessions are [in primary] [at north] [of idle users] [by last activity | by user]       ListSessions
//! the users are [blocked] [active] [idle] [administrators] [never signed in] [in crm] [at north] [with "words"]
//! ann at north is | ann is | ann has                                                GetUser
//! ```

use tonic::Status;
use tonic_types::StatusExt;

use super::reading::Happened;
use super::test_server::TestServer;
use super::{logins, people, seats, shown};
use crate::scenarios::language::Words;

/// Runs a sentence.
///
/// # Errors
/// The part that cannot be parsed.
pub async fn run(server: &mut TestServer, said: &str) -> Result<Happened, String> {
    let mut words = Words::of(said)?;
    let words = &mut words;
    let first = words.next("a word")?;
    let happened = match first.as_str() {
        "the" => about(server, words).await?,
        "all" => {
            words.phrase("licenses are deleted")?;
            seats::delete_licenses(server).await
        }
        time if time.starts_with(|c: char| c.is_ascii_digit()) => {
            let mut time = Words::of(said)?;
            let length = time.duration()?;
            time.phrase("pass")?;
            time.end()?;
            server.wait(length);
            return Ok(Happened::Done);
        }
        name => by(server, name, words).await?,
    };
    words.end()?;
    Ok(happened)
}

async fn about(server: &mut TestServer, words: &mut Words) -> Result<Happened, String> {
    Ok(match words.next("a thing")?.as_str() {
        "vendor" => seats::sell(server, words).await?,
        "license" if words.eat("is") => shown::license(server).await,
        "license" => seats::delete_license(server, words).await?,
        "policy" => people::policy(server, words).await?,
        "organization" => people::organization(server, words).await?,
        "user" => people::make(server, words).await?,
        "users" if words.eat("are") => shown::users(server, words).await?,
        "users" if words.eat("count") => shown::count(server).await,
        "users" => people::change(server, words).await?,
        "directory" => people::sync(server, words).await?,
        "usage" => {
            words.expect("is")?;
            shown::usage(server).await
        }
        "sessions" => {
            words.expect("are")?;
            shown::sessions(server, words).await?
        }
        other => return Err(format!("nothing is known about `the {other}`")),
    })
}

/// Parses a sentence whose subject is one person or several.
async fn by(server: &mut TestServer, name: &str, words: &mut Words) -> Result<Happened, String> {
    let mut names = vec![name.to_owned()];
    while !words.peek().is_none_or(|word| VERBS.contains(&word)) {
        names.push(words.next("a name")?);
    }
    let verb = words.next("a verb")?;
    if verb == "are" {
        return match words.next("what is done")?.as_str() {
            "granted" => seats::grant(server, &names, words).await,
            "recalled" => seats::recall(server, &names, words).await,
            other => Err(format!("nobody can be `{other}`")),
        };
    }
    let [name] = &*names else { return Err(format!("`{verb}` is said of one person, not of {names:?}")) };
    match verb.as_str() {
        "signs" if words.eat("in") => logins::sign_in(server, name, words, false).await,
        "signs" => logins::sign_out(server, name, words).await,
        "could" => {
            words.phrase("sign in")?;
            logins::sign_in(server, name, words, true).await
        }
        "works" => logins::heartbeat(server, name, words, true).await,
        "closes" => logins::close(server, name, words).await,
        "is" if words.eat("granted") => seats::grant(server, &names, words).await,
        "is" if words.eat("recalled") => seats::recall(server, &names, words).await,
        "has" => shown::has(server, name).await,
        "at" => {
            let organization = words.next("an organization")?;
            words.expect("is")?;
            shown::is(server, name, &organization).await
        }
        _ if words.eat("there") => logins::heartbeat(server, name, words, false).await,
        _ => shown::is(server, name, "").await,
    }
}

const VERBS: [&str; 8] = ["signs", "could", "works", "closes", "has", "at", "is", "are"];

/// Expands a short name: `ann` is `ann@acme.example`.
pub fn email(name: &str) -> String {
    format!("{name}@acme.example")
}

/// The short name of a user.
pub fn short(user: &str) -> &str {
    user.trim_end_matches("@acme.example")
}

/// Takes names up to a word in `stops`; `p1..p40` are forty names.
pub fn people_named(words: &mut Words, stops: &[&str]) -> Result<Vec<String>, String> {
    expanded(&words.names("somebody", stops)?)
}

pub fn expanded(names: &[String]) -> Result<Vec<String>, String> {
    let mut people = Vec::new();
    for name in names {
        let Some((first, last)) = name.split_once("..") else {
            people.push(name.clone());
            continue;
        };
        let stem = first.trim_end_matches(|c: char| c.is_ascii_digit());
        let number = |text: &str| text.strip_prefix(stem)?.parse::<u32>().ok();
        let range = number(first).zip(number(last)).filter(|(first, last)| first <= last);
        let (first, last) = range.ok_or_else(|| format!("`{name}` are no people such as p1..p40"))?;
        people.extend((first..=last).map(|number| format!("{stem}{number}")));
    }
    Ok(people)
}

/// Parses `at north south`, or nothing.
pub fn organizations(words: &mut Words, stops: &[&str]) -> Result<Vec<String>, String> {
    if words.eat("at") { words.names("an organization", stops) } else { Ok(Vec::new()) }
}

/// An error: `refused: SESSION_IN_USE`.
pub fn refused(status: &Status) -> Happened {
    let reason = status.get_details_error_info().map(|info| info.reason).unwrap_or_default();
    Happened::Said(false, format!("refused: {reason}"))
}

/// A denial: `no: SEATS_EXHAUSTED`.
pub fn denied(denial: &usher::proto::v1::Denial) -> String {
    denial.reason().as_str_name().trim_start_matches("DENIAL_REASON_").to_owned()
}
