//! C8: what may be carried out once only is carried out once, and calls do not go in circles.

use std::collections::{BTreeMap, BTreeSet};

use usher::ids::SessionId;
use usher::journal::JournalError;

use super::must;
use crate::simulation::call::CallRequest;
use crate::simulation::node_call::{Visit, is_repeatable};

/// Most nodes that a call may have visited when it arrives.
const MAX_VISITED: usize = 2;

/// One time that a process carries a call out.
struct Attempt {
    call: usize,
    /// The session that a check-out offers.
    fresh: Option<SessionId>,
    /// It has ended, and nothing was applied.
    not_applied: bool,
}

#[derive(Default)]
pub struct Routing {
    attempts: BTreeMap<u64, Attempt>,
    of: BTreeMap<usize, Vec<u64>>,
    sessions: BTreeMap<usize, BTreeSet<SessionId>>,
}

static NONE: BTreeSet<SessionId> = BTreeSet::new();

impl Routing {
    pub fn begins(
        &mut self,
        attempt: u64,
        call: usize,
        request: &CallRequest,
        fresh: Option<SessionId>,
    ) -> Result<(), String> {
        let of = self.of.entry(call).or_default();
        let once = is_repeatable(request) || of.iter().all(|earlier| self.attempts[earlier].not_applied);
        must(once, || format!("C8 carried out once more, and it must not be: call {call}, {request:?}"))?;
        of.push(attempt);
        self.sessions.entry(call).or_default().extend(fresh);
        self.attempts.insert(attempt, Attempt { call, fresh, not_applied: false });
        Ok(())
    }

    /// Returns the call, and the session that the attempt offered if it was "not applied".
    pub fn ends(&mut self, attempt: u64, refusal: Option<JournalError>) -> (usize, Option<SessionId>) {
        let Some(known) = self.attempts.get_mut(&attempt) else { return (0, None) };
        known.not_applied = matches!(refusal, Some(JournalError::NotApplied(_) | JournalError::NoLease(_)));
        let not_applied = matches!(refusal, Some(JournalError::NotApplied(_)));
        (known.call, known.fresh.filter(|_| not_applied))
    }

    /// The sessions that a call's attempts offered.
    pub fn sessions(&self, call: usize) -> &BTreeSet<SessionId> {
        self.sessions.get(&call).unwrap_or(&NONE)
    }

    /// Number of attempts at a call.
    pub fn attempts(&self, call: usize) -> usize {
        self.of.get(&call).map_or(0, Vec::len)
    }

    /// Nobody carries the call out any more.
    pub fn over(&mut self, call: usize) {
        for attempt in self.of.remove(&call).into_iter().flatten() {
            self.attempts.remove(&attempt);
        }
        self.sessions.remove(&call);
    }
}

/// Checks a call that arrives from a peer. A process that has joined anew is another node: it may get the call again,
/// under its former id, from a peer that does not know yet.
pub fn arrives(visit: &Visit) -> Result<(), String> {
    let (call, visited) = (visit.call, &visit.visited);
    must(visited.len() <= MAX_VISITED, || format!("C8 call {call} has visited {} nodes", visited.len()))?;
    must(!visit.sent_to.is_some_and(|to| visited.contains(&to)), || format!("C8 call {call} comes back to a node"))
}
