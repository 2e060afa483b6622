//! Sessions: renewed, checked in, closed, overdue, loaded again (R22, R24, R26).

use std::time::Duration;

use usher::error_reason::ErrorReason;
use usher::ids::{PoolId, SessionId, TenantId, UserId};
use usher::ledger::command::{CheckIn, CloseIdle, CloseSession, Command, Heartbeat, Outcome};
use usher::ledger::outcome::{CheckedIn, Done, HeartbeatResult, IdleClosed, SessionEndReason, SessionView, Status};
use usher::ledger::policy::CloseActive;
use usher::ledger::time::{Moment, Tick};

use super::{Ended, Glance, Happened, Model, Session, Tenant, missing, rule};

impl Model {
    /// Applies a command about sessions.
    pub fn on_sessions(&mut self, id: &TenantId, command: &Command, now: Moment) -> Option<Outcome> {
        Some(match command {
            Command::CheckIn(command) => Outcome::CheckIn(self.check_in(id, command, now)),
            Command::Heartbeat(command) => Outcome::Heartbeat(self.heartbeat(id, command, now)),
            Command::CloseSession(command) => Outcome::CloseSession(self.close_session(id, command, now)),
            Command::CloseIdle(command) => Outcome::CloseIdle(self.close_idle(id, command, now)),
            _ => return None,
        })
    }

    /// Ends a session.
    pub fn end(&mut self, at: usize, id: SessionId, reason: SessionEndReason, now: Tick) {
        let tenant = &mut self.tenants[at];
        let place = tenant.sessions.iter().position(|session| session.id == id).expect("a live session");
        let session = tenant.sessions.remove(place);
        self.log.push(Happened::Ended(id, reason));
        self.ended.push(Ended { tenant: tenant.id.clone(), session, reason, at: now });
    }

    /// Ends overdue sessions, each with its own reason (R24).
    pub fn end_overdue(&mut self, at: usize, now: Tick, concerned: impl Fn(&Session) -> bool) {
        let tenant = &self.tenants[at];
        let overdue: Vec<_> = tenant.sessions.iter().filter(|session| concerned(session)).cloned().collect();
        for session in overdue {
            let (deadline, reason) = self.tenants[at].deadline(&session);
            if deadline <= now {
                self.end(at, session.id, reason, now);
            }
        }
    }

    /// R18: ends the user's overdue sessions, and those in the pools where the user's sessions do not count.
    pub fn end_overdue_around(&mut self, at: usize, user: &UserId, now: Tick) {
        self.end_overdue(at, now, |session| session.user == *user);
        let theirs: Vec<_> = self.tenants[at].sessions_of(user).cloned().collect();
        let counts = |pool: &PoolId| theirs.iter().any(|session| session.pool == *pool && !session.exempt);
        let lives = |pool: &PoolId| theirs.iter().any(|session| session.pool == *pool);
        self.end_overdue(at, now, |session| lives(&session.pool) && !counts(&session.pool));
    }

    /// Runs the shard's regular work.
    pub fn tick(&mut self, now: Moment) {
        self.look_at_clock(now);
        for at in 0..self.tenants.len() {
            self.end_overdue(at, now.tick, |_| true);
            let glance = self.glance(now);
            self.tenants[at].look_around(&glance);
        }
    }

    /// The record of a session's end; an end in another tenant stays hidden (R1).
    pub fn ended(&self, tenant: &TenantId, id: SessionId) -> Option<&Ended> {
        self.ended.iter().find(|ended| ended.session.id == id && ended.tenant == *tenant)
    }

    /// Ends the session if it is overdue; returns the tenant's index if the session is live.
    fn lives(&mut self, tenant: &TenantId, id: SessionId, now: Tick) -> Option<usize> {
        let at = self.find(tenant).ok()?;
        self.end_overdue(at, now, |session| session.id == id);
        self.tenants[at].sessions.iter().any(|session| session.id == id).then_some(at)
    }

    pub fn heartbeat(&mut self, id: &TenantId, command: &Heartbeat, now: Moment) -> Vec<HeartbeatResult> {
        let mut answers = Vec::new();
        for (session, active) in &command.heartbeats {
            answers.push(match self.lives(id, *session, now.tick) {
                Some(at) => {
                    let tenant = &mut self.tenants[at];
                    tenant.hold(*session, *active, now.tick);
                    let session = tenant.sessions.iter().find(|kept| kept.id == *session).expect("a live session");
                    HeartbeatResult::Kept(tenant.lease(session, true, now))
                }
                None => {
                    HeartbeatResult::Ended(self.ended(id, *session).map(|ended| (ended.reason, now.wall_of(ended.at))))
                }
            });
        }
        answers
    }

    pub fn check_in(&mut self, id: &TenantId, command: &CheckIn, now: Moment) -> CheckedIn {
        match self.lives(id, command.session, now.tick) {
            Some(at) => {
                self.end(at, command.session, SessionEndReason::CheckedIn, now.tick);
                CheckedIn { ended_now: true, reason: Some(SessionEndReason::CheckedIn) }
            }
            None => {
                let reason = self.ended(id, command.session).map(|ended| ended.reason);
                CheckedIn { ended_now: false, reason }
            }
        }
    }

    pub fn close_session(&mut self, id: &TenantId, command: &CloseSession, now: Moment) -> Done<CheckedIn> {
        let at = self.find(id)?;
        if self.lives(id, command.session, now.tick).is_none() {
            let ended = self.ended(id, command.session).ok_or_else(|| missing("session", command.session))?;
            return Ok(CheckedIn { ended_now: false, reason: Some(ended.reason) });
        }
        let tenant = &self.tenants[at];
        let session = tenant.sessions.iter().find(|session| session.id == command.session).expect("a live session");
        if command.own_session == Some(command.session) || command.own_user.as_ref() == Some(&session.user) {
            return Err(rule(ErrorReason::OwnSession));
        }
        let busy = matches!(tenant.status(&session.user, now.tick), Status::Active | Status::Away);
        // R26: a client heartbeats every third of its lease, and counts as gone after two intervals.
        let alive = match session.lease_ttl {
            Duration::ZERO => now.tick.since(session.last_activity) < tenant.policy.away_after,
            lease => now.tick.since(session.heard) < lease / 3 * 2,
        };
        if busy && alive && !command.force && tenant.policy.close_active == CloseActive::Refuse {
            return Err(rule(ErrorReason::SessionInUse));
        }
        self.end(at, command.session, SessionEndReason::Closed, now.tick);
        Ok(CheckedIn { ended_now: true, reason: Some(SessionEndReason::Closed) })
    }

    pub fn close_idle(&mut self, id: &TenantId, command: &CloseIdle, now: Moment) -> Done<IdleClosed> {
        let at = self.find(id)?;
        let glance = self.glance(now);
        let tenant = &self.tenants[at];
        if let Some(pool) = command.pool.as_ref().filter(|pool| !tenant.pools.contains(pool)) {
            return Err(missing("pool", pool));
        }
        let concerned = tenant.sessions.iter().filter(|session| {
            command.pool.as_ref().is_none_or(|pool| session.pool == *pool)
                && command.own_user.as_ref() != Some(&session.user)
                && tenant.status(&session.user, now.tick) == Status::Idle
        });
        let mut closed: Vec<_> = concerned.map(|session| tenant.session_view(session, &glance)).collect();
        // Overdue sessions end for their own reasons first.
        self.end_overdue(at, now.tick, |session| closed.iter().any(|view| view.id == session.id));
        closed.retain(|view| self.tenants[at].sessions.iter().any(|session| session.id == view.id));
        for view in &closed {
            self.end(at, view.id, SessionEndReason::Closed, now.tick);
        }
        let count = closed.len() as u64;
        closed.truncate(IdleClosed::MAX_SESSIONS);
        Ok(IdleClosed { sessions: closed, count })
    }

    /// A restart: every session gets its full lease and the grace (I5), and the idle timeout gets the same time (R24).
    /// Where the row says that the client is silent, both count from its last sign (C15).
    pub fn restart(&mut self, now: Moment, grace: Duration) {
        self.looked = now.tick;
        self.high_tenths = self.high().0 * 10;
        for tenant in &mut self.tenants {
            let policy = tenant.policy.lease_ttl;
            for session in &mut tenant.sessions {
                let needed = !session.lease_ttl.is_zero() && !policy.is_zero();
                session.heard = session.silent_since.unwrap_or(now.tick);
                let until = session.heard + session.lease_ttl.max(policy) + grace;
                (session.lease_end, session.idle_grace) = (needed.then_some(until), until);
            }
        }
    }
}

impl Tenant {
    /// Updates the user's sessions to the user's role (R11).
    pub fn take_role(&mut self, id: &UserId) {
        let administrator = self.user(id).is_some_and(|user| user.administrator);
        let exempt = administrator && !self.policy.administrators_count_in_concurrent;
        for session in self.sessions.iter_mut().filter(|session| session.user == *id) {
            if session.administrator != administrator {
                (session.administrator, session.exempt) = (administrator, exempt);
            }
        }
    }

    /// A sign of life: extends the lease by the policy's, and never shortens the lease that was promised (R22).
    pub fn hold(&mut self, id: SessionId, active: bool, now: Tick) {
        let ttl = self.policy.lease_ttl;
        let session = self.sessions.iter_mut().find(|session| session.id == id).expect("a live session");
        let until = (!ttl.is_zero()).then(|| now + ttl);
        session.lease_end = match (session.lease_end, until) {
            (Some(promised), Some(until)) => Some(promised.max(until)),
            _ => None,
        };
        session.lease_ttl = ttl;
        session.heard = now;
        session.promised = until;
        if active {
            session.last_activity = now;
            let user = session.user.clone();
            let user = self.users.iter_mut().find(|known| known.id == user).expect("the session's user");
            user.last_activity = Some(now);
        }
    }

    pub fn session_view(&self, session: &Session, glance: &Glance) -> SessionView {
        SessionView {
            id: session.id,
            user: session.user.clone(),
            pool: session.pool.clone(),
            organization: session.organization.clone(),
            device: session.device.clone(),
            client: session.client.clone(),
            started: glance.now.wall_of(session.started),
            last_activity: glance.now.wall_of(session.last_activity),
            idle: glance.now.tick.since(session.last_activity),
            status: self.status(&session.user, glance.now.tick),
            administrator: session.administrator,
        }
    }
}
