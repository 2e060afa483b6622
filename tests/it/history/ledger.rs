//! Folds the audit into live sessions and held seats, and checks that the audit does not contradict itself.

use std::collections::{BTreeMap, BTreeSet};

use super::check::{Kind, Violations};
use super::recount::{Action, Event};
use super::{History, Limit, Name, Who};

#[derive(Debug)]
pub struct Ended {
    pub reason: Name,
    /// Milliseconds since 1970.
    pub at: i64,
}

#[derive(Debug, Default)]
pub struct Folded {
    pub started: BTreeMap<Name, Who>,
    pub ended: BTreeMap<Name, Ended>,
    pub renewed: BTreeMap<Name, u64>,
    pub live: BTreeMap<Name, Who>,
    /// For each seat its changes in order: true for a grant, false for a revocation.
    pub seats: BTreeMap<Who, Vec<bool>>,
    pub held: BTreeSet<Who>,
    /// Number of denials, by subject, operation (true for a grant) and reason.
    pub denied: BTreeMap<(Who, bool, Name), u64>,
}

/// Folds the audit. Leaves out events of pools without a known limit.
pub fn fold(history: &History, audit: &[Event], found: &mut Violations) -> Folded {
    let mut folded = Folded::default();
    for event in audit {
        if let Some(limit) = history.limit(&event.who.tenant, &event.who.pool) {
            folded.take(event, limit, found);
        }
    }
    folded
}

impl Folded {
    fn take(&mut self, event: &Event, limit: Limit, found: &mut Violations) {
        let who = &event.who;
        if event.denied {
            return self.denied(event, limit, found);
        }
        match (event.action, &event.session) {
            (Action::Started, Some(session)) => {
                if self.started.insert(session.clone(), who.clone()).is_some() {
                    found.push(Kind::Audit, format!("{who}: session {session} started twice"));
                }
                let same = |(_, other): &(&Name, &Who)| other.tenant == who.tenant && other.user == who.user;
                if let Some((other, _)) = self.live.iter().find(same) {
                    found.push(Kind::SecondSession, format!("{who}: {session}, and {other} is still live"));
                }
                self.live.insert(session.clone(), who.clone());
                self.within(who, limit, found);
            }
            (Action::Renewed, Some(session)) => {
                *self.renewed.entry(session.clone()).or_default() += 1;
                if !self.live.contains_key(session) {
                    found.push(Kind::Resurrected, format!("{who}: session {session} was renewed, and did not live"));
                }
            }
            (Action::Ended, Some(session)) => {
                let reason = event.reason.clone().unwrap_or_default();
                if self.live.remove(session).as_ref() != Some(who) {
                    found.push(Kind::Audit, format!("{who}: session {session} ended {reason}, and did not live"));
                }
                self.ended.insert(session.clone(), Ended { reason, at: event.at });
            }
            (Action::Granted | Action::Revoked, None) => {
                let granted = event.action == Action::Granted;
                self.seats.entry(who.clone()).or_default().push(granted);
                let changed = if granted { self.held.insert(who.clone()) } else { self.held.remove(who) };
                if !changed {
                    found.push(Kind::Audit, format!("{who}: a seat was granted or revoked that already was"));
                }
                self.within(who, limit, found);
            }
            (Action::Other, _) => {}
            _ => found.push(Kind::Audit, format!("{who}: this event makes no sense: {event:?}")),
        }
    }

    /// Returns the seats in use after the events so far (R10, R11). No user of the load is an administrator.
    fn in_use(&self, who: &Who, limit: Limit) -> u64 {
        let same = |other: &&Who| other.tenant == who.tenant && other.pool == who.pool;
        let users: BTreeSet<&Who> = if limit.named {
            self.held.iter().filter(same).collect()
        } else {
            self.live.values().filter(same).collect()
        };
        users.len() as u64
    }

    fn within(&self, who: &Who, limit: Limit, found: &mut Violations) {
        let in_use = self.in_use(who, limit);
        if in_use > limit.seats {
            let text = format!("{who}: {in_use} in use of {} by the audit", limit.seats);
            found.push(Kind::OverLimit, text);
        }
    }

    /// Records a denial. An event of several denials stands where the first one was decided.
    fn denied(&mut self, event: &Event, limit: Limit, found: &mut Violations) {
        let (who, reason) = (&event.who, event.reason.clone().unwrap_or_default());
        let in_use = self.in_use(who, limit);
        if &*reason == "SEATS_EXHAUSTED" && in_use < limit.seats {
            found.push(Kind::FreeSeatDenied, format!("{who}: denied with {in_use} in use of {}", limit.seats));
        }
        let grant = event.action == Action::Granted;
        *self.denied.entry((who.clone(), grant, reason)).or_default() += event.count;
    }
}
