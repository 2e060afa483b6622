//! The checker: compares the answers that clients got with the contents of the store.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::leases::{self, Lease};
use super::ledger::{self, Folded};
use super::recount::{SessionRow, StoreContents};
use super::{Answer, History, Name, Operation, Who, seats};

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// An acknowledged change is not in the store (I2).
    Lost,
    /// The store contains something that no client requested.
    Unasked,
    /// More seats are in use than the limit (I1).
    OverLimit,
    /// A user has more than one session at once (R16, R17).
    SecondSession,
    /// A check-out or grant was denied for want of seats while a seat was free.
    FreeSeatDenied,
    /// A session was reported as live after its end had been reported (R24).
    Resurrected,
    /// A session ended for an impossible reason.
    WrongReason,
    /// A lease ended too early (I5).
    EndedEarly,
    /// Rows, audit and service disagree (I4).
    Disagree,
    /// The audit contradicts itself.
    Audit,
    /// An answer is about something that was not requested (I6).
    Odd,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    pub kind: Kind,
    pub what: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {}", self.kind, self.what)
    }
}

#[derive(Debug, Default)]
pub struct Violations(Vec<Violation>);

impl Violations {
    pub fn push(&mut self, kind: Kind, what: String) {
        self.0.push(Violation { kind, what });
    }
}

/// Checks that every answer agrees with the store, and that the clients' requests explain everything in the store. A
/// call without an answer may have been carried out or not.
pub fn check(history: &History, recount: &StoreContents) -> Result<(), Vec<Violation>> {
    let mut found = Violations::default();
    let leases = leases::leases(history);
    let folded = ledger::fold(history, &recount.audit, &mut found);
    for call in &history.calls {
        if let Answer::Odd(text) = &call.answer {
            found.push(Kind::Odd, format!("{}: {text}", call.who));
        }
    }
    check_outs(&leases, &folded, &mut found);
    ends(history, &leases, &folded, &mut found);
    resurrected(history, &leases, &mut found);
    unasked(history, &leases, &folded, &mut found);
    denials(history, &folded, &mut found);
    reasons(history, &leases, &folded, &mut found);
    seats::explained(history, &folded, &mut found);
    leases::within_limits(history, &leases, &mut found);
    seats::within_limits(history, &mut found);
    rows(history, recount, &folded, &mut found);
    served(history, recount, &folded, &mut found);
    if found.0.is_empty() { Ok(()) } else { Err(found.0) }
}

/// Checks that every acknowledged check-out and renewal is in the audit.
fn check_outs(leases: &BTreeMap<Name, Lease>, folded: &Folded, found: &mut Violations) {
    for (session, lease) in leases {
        if lease.fresh > 1 {
            found.push(Kind::Odd, format!("{}: session {session} was given {} times", lease.who, lease.fresh));
        }
        if folded.started.get(session) != Some(&lease.who) {
            found.push(Kind::Lost, format!("{}: the start of session {session}, known at {}", lease.who, lease.known));
        }
        let renewed = folded.renewed.get(session).copied().unwrap_or_default();
        if renewed < lease.renewed {
            let text = format!("{}: session {session} was renewed {} times", lease.who, lease.renewed);
            found.push(Kind::Lost, format!("{text}, by the audit {renewed}"));
        }
    }
}

/// Checks that every acknowledged end is in the audit, with the same reason.
fn ends(history: &History, leases: &BTreeMap<Name, Lease>, folded: &Folded, found: &mut Violations) {
    for call in &history.calls {
        let (Operation::CheckIn { session } | Operation::Heartbeat { session }) = &call.operation else { continue };
        let Answer::Ended { now, reason } = &call.answer else { continue };
        match folded.ended.get(session) {
            None => found.push(Kind::Lost, format!("{}: the end of session {session}, {reason}", call.who)),
            // After a crash the reason can be forgotten once the slot is reused (R24); the end itself cannot.
            Some(_) if &**reason == "UNKNOWN" && !now => {}
            Some(ended) if ended.reason == *reason => {}
            Some(ended) => {
                let text = format!("{}: session {session} ended {reason}, by the audit {}", call.who, ended.reason);
                found.push(Kind::Disagree, text);
            }
        }
    }
    reported_too_early(history, leases, found);
    for (session, lease) in leases {
        if lease.ended.is_some() && !folded.ended.contains_key(session) {
            found.push(Kind::Lost, format!("{}: the end of session {session}", lease.who));
        }
    }
}

/// Checks that the end of a lease was reported to nobody before its time. This needs no wall clock.
fn reported_too_early(history: &History, leases: &BTreeMap<Name, Lease>, found: &mut Violations) {
    for call in &history.calls {
        let (Operation::CheckIn { session } | Operation::Heartbeat { session }) = &call.operation else { continue };
        let (Answer::Ended { reason, .. }, Some(reported)) = (&call.answer, call.answered) else { continue };
        let (Some(lease), Some(rules)) = (leases.get(session), history.tenants.get(&call.who.tenant)) else { continue };
        let promised = lease.kept.saturating_add(rules.lease);
        if &**reason == "LEASE_EXPIRED" && reported < promised {
            let text = format!("{}: session {session} was said to have expired at {reported}", call.who);
            found.push(Kind::EndedEarly, format!("{text}, promised until {promised}"));
        }
    }
}

/// Checks that after the end of a session was reported, no later call is answered as if it were live.
fn resurrected(history: &History, leases: &BTreeMap<Name, Lease>, found: &mut Violations) {
    for call in &history.calls {
        let session = match (&call.operation, &call.answer) {
            (Operation::Heartbeat { session }, Answer::Kept) | (_, Answer::Lease { session, .. }) => session,
            _ => continue,
        };
        if let Some(ended) = leases.get(session).and_then(|lease| lease.ended).filter(|ended| *ended < call.called) {
            let text = format!("{}: session {session} had ended by {ended}", call.who);
            found.push(
                Kind::Resurrected,
                format!("{text}, and lives by the answer to what was asked at {}", call.called),
            );
        }
    }
}

/// Checks that every session in the audit was requested: by a call that was answered with it, or by one without an
/// answer.
fn unasked(history: &History, leases: &BTreeMap<Name, Lease>, folded: &Folded, found: &mut Violations) {
    let mut unanswered: BTreeMap<&Who, u64> = BTreeMap::new();
    for call in &history.calls {
        if let (Operation::CheckOut { .. }, Answer::Unknown(_)) = (&call.operation, &call.answer) {
            *unanswered.entry(&call.who).or_default() += 1;
        }
    }
    let mut more: BTreeMap<&Who, u64> = BTreeMap::new();
    for (session, who) in &folded.started {
        let renewed = folded.renewed.get(session).copied().unwrap_or_default();
        let heard = leases.get(session).map_or(0, |lease| lease.fresh + lease.renewed);
        *more.entry(who).or_default() += (1 + renewed).saturating_sub(heard);
    }
    let mut repeated = history.repeated;
    for (who, more) in more {
        let unanswered = unanswered.get(who).copied().unwrap_or_default();
        if !is_repeated(&mut repeated, more.saturating_sub(unanswered)) {
            let text = format!("{who}: {more} starts and renewals in the audit that no answer reported");
            found.push(Kind::Unasked, format!("{text}, and {unanswered} calls without an answer"));
        }
    }
}

/// Returns whether so many more than were heard can be calls that were carried out twice, and takes them off those.
fn is_repeated(repeated: &mut u64, more: u64) -> bool {
    let left = repeated.checked_sub(more);
    *repeated = left.unwrap_or(*repeated);
    left.is_some()
}

/// Checks that every denial in the audit was requested. A reported denial can be missing: its event follows with the
/// next batch (R21).
fn denials(history: &History, folded: &Folded, found: &mut Violations) {
    let mut repeated = history.repeated;
    for ((who, grant, reason), count) in &folded.denied {
        let heard = history.calls.iter().filter(|call| call.who == *who).filter(|call| {
            let called = if *grant {
                call.operation == Operation::Grant
            } else {
                matches!(call.operation, Operation::CheckOut { .. })
            };
            let may = match &call.answer {
                Answer::Denied(heard) => heard == reason,
                Answer::Unknown(_) => true,
                _ => false,
            };
            called && may
        });
        let heard = heard.count() as u64;
        if !is_repeated(&mut repeated, count.saturating_sub(heard)) {
            found.push(Kind::Unasked, format!("{who}: {count} denials {reason}, of which {heard} can have been heard"));
        }
    }
}

/// Checks that the reason of every end is possible.
fn reasons(history: &History, leases: &BTreeMap<Name, Lease>, folded: &Folded, found: &mut Violations) {
    let checked_in: BTreeSet<&Name> = history.calls.iter().filter_map(|call| returned(&call.operation)).collect();
    for (session, ended) in &folded.ended {
        let Some(who) = folded.started.get(session) else { continue };
        let Some(rules) = history.tenants.get(&who.tenant) else { continue };
        let possible = match &*ended.reason {
            "CHECKED_IN" => checked_in.contains(session),
            "TAKEN_OVER" => rules.take_over,
            "LEASE_EXPIRED" => {
                let at = (ended.at - history.began + history.skew) * 1_000;
                // A session that no answer named has no known lease.
                let promised = leases.get(session).map(|lease| lease.kept.saturating_add(rules.lease));
                if promised.is_some_and(|promised| i64::try_from(promised).unwrap_or(i64::MAX) > at) {
                    let text = format!("{who}: session {session} expired at {at}, promised until {promised:?}");
                    found.push(Kind::EndedEarly, text);
                }
                true
            }
            _ => false,
        };
        if !possible {
            found.push(Kind::WrongReason, format!("{who}: session {session} ended {}", ended.reason));
        }
    }
}

fn returned(operation: &Operation) -> Option<&Name> {
    if let Operation::CheckIn { session } = operation { Some(session) } else { None }
}

/// Checks that the rows equal the sum of the audit.
fn rows(history: &History, recount: &StoreContents, folded: &Folded, found: &mut Violations) {
    let agreed = |who: &&Who| history.limit(&who.tenant, &who.pool).is_some();
    let mut live = BTreeMap::new();
    for row in recount.sessions.iter().filter(|row| agreed(&&row.who)) {
        let by_audit = folded.ended.get(&row.session).map(|ended| &ended.reason);
        if folded.started.get(&row.session) != Some(&row.who) || by_audit != row.ended.as_ref() {
            let SessionRow { who, session, ended, .. } = row;
            let text = format!("{who}: the row of session {session} says that it ended {ended:?}");
            found.push(Kind::Disagree, format!("{text}, the audit {by_audit:?}"));
        }
        if row.ended.is_none() {
            live.insert(row.session.clone(), row.who.clone());
        }
    }
    for (session, who) in folded.live.iter().filter(|(session, _)| !live.contains_key(*session)) {
        found.push(Kind::Disagree, format!("{who}: session {session} lives by the audit, and has no row"));
    }
    let held: BTreeSet<&Who> = recount.seats.iter().filter(agreed).collect();
    for who in folded.held.iter().collect::<BTreeSet<_>>().symmetric_difference(&held) {
        found.push(Kind::Disagree, format!("{who}: a seat either by the audit or by its row, not by both"));
    }
    for ((tenant, pool), in_use) in in_use(history, &live, &held) {
        let seats = history.limit(tenant, pool).map_or(0, |limit| limit.seats);
        if in_use > seats {
            found.push(Kind::OverLimit, format!("{tenant}/{pool}: {in_use} in use of {seats} by the rows"));
        }
    }
}

/// Returns the number of users with a live session or a seat, for every pool with a known limit.
fn in_use<'a>(
    history: &'a History,
    live: &BTreeMap<Name, Who>,
    held: &BTreeSet<&Who>,
) -> BTreeMap<(&'a Name, &'a Name), u64> {
    let mut pools = BTreeMap::new();
    for (tenant, rules) in &history.tenants {
        for (pool, limit) in &rules.limits {
            let here = |who: &&Who| who.tenant == *tenant && who.pool == *pool;
            let users: BTreeSet<&Who> = if limit.named {
                held.iter().copied().filter(here).collect()
            } else {
                live.values().filter(here).collect()
            };
            pools.insert((tenant, pool), users.len() as u64);
        }
    }
    pools
}

/// Checks that the service shows what the audit adds up to (I4).
fn served(history: &History, recount: &StoreContents, folded: &Folded, found: &mut Violations) {
    let Some(served) = &recount.served else { return };
    let live: BTreeSet<Name> = folded.live.keys().cloned().collect();
    for session in live.symmetric_difference(&served.live) {
        found.push(Kind::Disagree, format!("session {session} lives either by the audit or by the service"));
    }
    let held = folded.held.iter().collect();
    for ((tenant, pool), in_use) in in_use(history, &folded.live, &held) {
        let shown =
            served.in_use.iter().find(|(at, of, _)| at == tenant && of == pool).map_or(0, |(_, _, shown)| *shown);
        if shown != in_use {
            found.push(Kind::Disagree, format!("{tenant}/{pool}: {in_use} in use, the service says {shown}"));
        }
    }
}
