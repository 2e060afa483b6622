//! Clients that keep their sessions as real ones do: a heartbeat every third of a lease, to the process that answered
//! last, until the answer says that the session has ended.

use usher::ids::{SessionId, TenantId};

/// Sessions kept at once: enough to matter, few enough to be fast.
const MAX_KEPT: usize = 6;

pub struct KeptSession {
    pub tenant: TenantId,
    pub session: SessionId,
    /// The process to call; `None`: the last call failed, and any process will do.
    pub process: Option<usize>,
    /// Time of the next heartbeat; `None`: the session waits for an answer.
    pub next: Option<u64>,
}

#[derive(Default)]
pub struct KeptSessions(Vec<KeptSession>);

impl KeptSessions {
    /// Keeps every second session, up to [`MAX_KEPT`].
    pub fn begin(&mut self, tenant: &TenantId, session: SessionId, process: usize, next: u64) {
        let known = self.0.iter().any(|kept| kept.session == session);
        if !known && self.0.len() < MAX_KEPT && session.0.as_u128().is_multiple_of(2) {
            self.0.push(KeptSession { tenant: tenant.clone(), session, process: Some(process), next: Some(next) });
        }
    }

    pub fn next_due(&self) -> Option<u64> {
        self.0.iter().filter_map(|kept| kept.next).min()
    }

    /// Takes a session whose heartbeat is due; it waits for an answer from now on.
    pub fn due(&mut self, now: u64) -> Option<(TenantId, SessionId, Option<usize>)> {
        let kept = self.0.iter_mut().find(|kept| kept.next.is_some_and(|next| next <= now))?;
        kept.next = None;
        Some((kept.tenant.clone(), kept.session, kept.process))
    }

    /// The heartbeat was answered; the next one is due at `next`.
    pub fn kept(&mut self, session: SessionId, process: usize, next: u64) {
        self.set(session, Some(process), next);
    }

    /// The heartbeat got no answer; the next one goes to another process, soon.
    pub fn failed(&mut self, session: SessionId, next: u64) {
        self.set(session, None, next);
    }

    fn set(&mut self, session: SessionId, process: Option<usize>, next: u64) {
        if let Some(kept) = self.0.iter_mut().find(|kept| kept.session == session) {
            (kept.process, kept.next) = (process, Some(next));
        }
    }

    pub fn ended(&mut self, session: SessionId) {
        self.0.retain(|kept| kept.session != session);
    }
}
