//! Seats as the clients know them: grants and revocations, one after the other, switch each seat on and off. The calls
//! must explain the seat's events in the audit; each call without an answer was carried out or not.

use std::collections::{BTreeMap, BTreeSet};

use super::check::{Kind, Violations};
use super::leases::{Pools, most};
use super::ledger::Folded;
use super::{Answer, Call, History, Operation, Time, Who};

pub fn explained(history: &History, folded: &Folded, found: &mut Violations) {
    let mut called: BTreeMap<&Who, Vec<&Call>> = BTreeMap::new();
    for call in history.calls.iter().filter(|call| matches!(call.operation, Operation::Grant | Operation::Revoke)) {
        called.entry(&call.who).or_default().push(call);
    }
    let silent = Vec::new();
    for (who, happened) in &folded.seats {
        let called = called.remove(who).unwrap_or_default();
        explain(who, history.given.contains(who), called, happened, found);
    }
    for (who, called) in called {
        explain(who, history.given.contains(who), called, &silent, found);
    }
}

/// Follows all possible courses: the number of events that had happened after each call. Grants and revocations
/// alternate, so an odd number means that the seat is held.
fn explain(who: &Who, given: bool, mut called: Vec<&Call>, happened: &[bool], found: &mut Violations) {
    called.sort_by_key(|call| call.called);
    let mut ways = BTreeSet::from([usize::from(given)]);
    for call in &called {
        let wanted = call.operation == Operation::Grant;
        let turned = |at: usize| if (at % 2 == 1) == wanted { Some(at) } else { Some(at + 1) };
        let possible = |at: usize| turned(at).filter(|at| *at <= happened.len());
        let next: BTreeSet<usize> = match &call.answer {
            Answer::Done => ways.iter().filter_map(|at| possible(*at)).collect(),
            // A grant of a seat that is already held is never denied.
            Answer::Denied(_) => ways.iter().copied().filter(|at| at % 2 == 0).collect(),
            _ => ways.iter().flat_map(|at| [Some(*at), possible(*at)]).flatten().collect(),
        };
        if next.is_empty() {
            let text = format!("{who}: {:?} was answered {:?} at {:?}", call.operation, call.answer, call.answered);
            return found.push(Kind::Lost, format!("{text}; by the audit (true: granted): {happened:?}"));
        }
        ways = next;
    }
    if !ways.contains(&happened.len()) {
        found.push(Kind::Unasked, format!("{who}: nobody asked for all of this (true: granted): {happened:?}"));
    }
}

/// Checks that at no instant more users certainly held a seat than the limit (I1): from the answer to a grant until the
/// next revocation was sent.
pub fn within_limits(history: &History, found: &mut Violations) {
    let mut revoked: BTreeMap<&Who, Vec<Time>> = BTreeMap::new();
    for call in history.calls.iter().filter(|call| call.operation == Operation::Revoke) {
        revoked.entry(&call.who).or_default().push(call.called);
    }
    let granted = history.calls.iter().filter(|call| call.operation == Operation::Grant && call.answer == Answer::Done);
    let granted = granted.filter_map(|call| Some((&call.who, call.answered?, call.called)));
    let given = history.given.iter().map(|who| (who, 0, 0));
    let mut pools = Pools::new();
    for (who, from, called) in given.chain(granted) {
        let ends = revoked.get(who).into_iter().flatten().copied().filter(|at| *at > called);
        let until = ends.min().unwrap_or(Time::MAX);
        if from < until {
            let edges = pools.entry((&who.tenant, &who.pool)).or_default();
            edges.extend([(from, true, &who.user), (until, false, &who.user)]);
        }
    }
    for ((tenant, pool), edges) in pools {
        let Some(limit) = history.limit(tenant, pool).filter(|limit| limit.named) else { continue };
        most(edges, limit.seats, |at, users| {
            found.push(
                Kind::OverLimit,
                format!("{tenant}/{pool}: at {at} certainly held by {users:?}, of {}", limit.seats),
            );
        });
    }
}
