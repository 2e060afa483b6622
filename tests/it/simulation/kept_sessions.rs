//! Clients that keep their sessions as real ones do: a heartbeat every third of a lease, to the process that answered
//! last, until they are told that the session ended.

use usher::ids::{SessionId, TenantId};

/// At once; enough to matter, few enough to be quick.
const MAX_KEPT: usize = 6;

pub struct KeptSession {
    pub tenant: TenantId,
    pub session: SessionId,
    /// `None`: it failed, whoever listens will do.
    pub process: Option<usize>,
    /// `None`: waits for an answer.
    pub next: Option<u64>,
}

#[derive(Default)]
pub struct KeptSessions(Vec<KeptSession>);

impl KeptSessions {
    /// Every second session is kept.
    pub fn begin(&mut self, tenant: &TenantId, session: SessionId, process: usize, next: u64) {
        let known = self.0.iter().any(|kept| kept.session == session);
        if !known && self.0.len() < MAX_KEPT && session.0.as_u128().is_multiple_of(2) {
            self.0.push(KeptSession { tenant: tenant.clone(), session, process: Some(process), next: Some(next) });
        }
    }

    pub fn next_due(&self) -> Option<u64> {
        self.0.iter().filter_map(|kept| kept.next).min()
    }

    /// One whose time has come; it waits from now on.
    pub fn due(&mut self, now: u64) -> Option<(TenantId, SessionId, Option<usize>)> {
        let kept = self.0.iter_mut().find(|kept| kept.next.is_some_and(|next| next <= now))?;
        kept.next = None;
        Some((kept.tenant.clone(), kept.session, kept.process))
    }

    /// The session is kept, until the next time.
    pub fn kept(&mut self, session: SessionId, process: usize, next: u64) {
        self.set(session, Some(process), next);
    }

    /// No answer: another process is asked, soon.
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
