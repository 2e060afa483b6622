//! Verbs and answers of directory syncs (R33):
//!
//! ```text
//! sync ann bob [administrator no] seats crm primary at north [dry] -> created; created, waits, crm: SEATS_EXHAUSTED
//!     [blocked] [active]: the directory says so; [or not]: a user who finds no seat is refused
//! activate ann bob [dry]                          -> activated; full crm
//! unlisted ann bob [dry]                          -> blocked; left
//! ```
//!
//! They are the parts of which a server makes SyncUsers. The whole call has a row for each outcome below its line:
//!
//! ```text
//! directory lists ann bob with primary, cid with primary crm at north [and nobody else] [blocking others] [as a trial]
//! - ann created
//! - bob cid created and blocked, no seat in primary
//! ```

use usher::ids::{EventNo, PoolId};
use usher::ledger::command::{
    ActivateUsers, ActivatedUsers, BlockUnlisted, BlockedUsers, SyncEntry, SyncUsers, Synced, SyncedUser, SyncedUsers,
    UserPatch, Waiting, WantedSeat, WhatIf, WhenFull,
};
use usher::ledger::outcome::{DenialReason, Done};

use super::Words;
use super::steps::{Directory, DirectoryEntry, Verb};
use super::verbs::{ledger_command, organizations, pool_ids, user_ids, user_names};
use crate::scenarios::answers::{Answer, denied, done, refused};

pub fn sync(words: &mut Words) -> Result<Verb, String> {
    const STOPS: [&str; 5] = ["at", "blocked", "active", "or", "dry"];
    let users = user_ids(words, &[&STOPS[..], &["administrator", "seats"]].concat())?;
    let administrator = words.eat("administrator").then(|| words.eat("yes") || !words.eat("no"));
    let pools = if words.eat("seats") { pool_ids(words, &STOPS)? } else { Vec::new() };
    let seats = WantedSeat::each(&pools, &organizations(words)?);
    let blocked = if words.eat("blocked") { Some(true) } else { words.eat("active").then_some(false) };
    let refuses = words.eat("or") && words.expect("not").map(|()| true)?;
    let when_full = if refuses { WhenFull::Refuse } else { WhenFull::Block };
    let patch = UserPatch { administrator, ..UserPatch::default() };
    let entry = |user| SyncEntry { user, patch: patch.clone(), seats: seats.clone(), blocked };
    let entries = users.into_iter().map(entry).collect();
    Ok(ledger_command(SyncUsers { entries, when_full, what_if: dry(words) }))
}

pub fn activate(words: &mut Words) -> Result<Verb, String> {
    let users = user_ids(words, &["dry"])?;
    let waiting = users.into_iter().map(|user| Waiting { user, since: EventNo(0), pools: Vec::new() }).collect();
    Ok(ledger_command(ActivateUsers { waiting, what_if: dry(words) }))
}

pub fn unlisted(words: &mut Words) -> Result<Verb, String> {
    Ok(ledger_command(BlockUnlisted { users: user_ids(words, &["dry"])?, what_if: dry(words) }))
}

/// Parses `directory lists ann bob with primary, cid with primary crm at north and nobody else blocking others`.
pub fn directory(words: &mut Words) -> Result<Verb, String> {
    const STOPS: [&str; 5] = [",", "and", "blocking", "as", "at"];
    words.expect("lists")?;
    let mut entries = Vec::new();
    loop {
        let users = user_names(words, &[&STOPS[..], &["with"]].concat())?;
        let pools = if words.eat("with") { pool_ids(words, &STOPS)? } else { Vec::new() };
        entries.push(DirectoryEntry { users, pools, organizations: organizations(words)? });
        if !words.eat(",") {
            break;
        }
    }
    let whole = words.eat("and") && words.phrase("nobody else").map(|()| true)?;
    let blocking = words.eat("blocking") && words.expect("others").map(|()| true)?;
    let trial = words.eat("as") && words.phrase("a trial").map(|()| true)?;
    Ok(Verb::Directory(Directory { entries, whole, blocking, trial }))
}

fn dry(words: &mut Words) -> Option<WhatIf> {
    words.eat("dry").then(WhatIf::default)
}

pub fn synced(answer: &Done<SyncedUsers>) -> Vec<Answer> {
    match answer {
        Ok(answer) => answer.users.iter().map(|user| done(user, one)).collect(),
        Err(refusal) => vec![refused(refusal)],
    }
}

fn one(user: &SyncedUser) -> Answer {
    let mut said = Answer::yes(match user.outcome {
        Synced::Unchanged => "unchanged",
        Synced::Created => "created",
        Synced::Updated => "updated",
        Synced::Activated => "activated",
        Synced::Refused => "left as is",
    });
    said.must.extend(user.waiting.iter().map(|_| "waits".to_owned()));
    said.must.extend(user.denials.iter().map(|(pool, reason)| format!("{pool}: {}", denied(*reason))));
    said
}

fn full((pool, reason): &(PoolId, DenialReason)) -> String {
    match reason {
        DenialReason::SeatsExhausted => pool.to_string(),
        other => format!("{pool}: {}", denied(*other)),
    }
}

pub fn activated(answer: &Done<ActivatedUsers>) -> Vec<Answer> {
    let said = |without: &Vec<_>| match without.as_slice() {
        [] => Answer::yes("activated"),
        pools => Answer::no(format!("full {}", pools.iter().map(full).collect::<Vec<_>>().join(" "))),
    };
    match answer {
        Ok(answer) => answer.full.iter().map(said).collect(),
        Err(refusal) => vec![refused(refusal)],
    }
}

pub fn blocked(answer: &Done<BlockedUsers>) -> Vec<Answer> {
    match answer {
        Ok(answer) => {
            answer.blocked.iter().map(|blocked| Answer::yes(if *blocked { "blocked" } else { "left" })).collect()
        }
        Err(refusal) => vec![refused(refusal)],
    }
}
