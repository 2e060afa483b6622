//! The ten guards of a check-out, in the order of docs/DOMAIN.md.

use std::time::Duration;

use usher::ids::{OrganizationId, PoolId, SessionId, TenantId, UserId};
use usher::ledger::change::{Limit, Plan};
use usher::ledger::command::{CheckOut, Command, Outcome};
use usher::ledger::outcome::{CheckedOut, Denial, DenialReason, Lease, Notice, SessionEndReason, SessionView, Status};
use usher::ledger::policy::{UnknownUsers, WhenAlreadySignedIn, WhenFull};
use usher::ledger::time::{Moment, Tick};

use super::count::{has_room, over};
use super::licenses::{Standing, sum};
use super::{Glance, Happened, Model, Seat, Session, Tenant, User};

/// The effects of a check-out that all guards let pass.
pub(super) struct Yes {
    pool: PoolId,
    organization: Option<OrganizationId>,
    /// The session of the same device, which is renewed (R16).
    renews: Option<SessionId>,
    exempt: bool,
    administrator: bool,
    /// True if the user is created, with a seat.
    admits: bool,
    takes_over: Vec<SessionId>,
    reclaims: Vec<SessionId>,
    /// The session of a pool that was asked for later (R38).
    moves: Option<SessionId>,
    /// The notices of this login.
    notices: Vec<Notice>,
}

impl Model {
    /// Applies a command about a check-out.
    pub fn on_check_out(&mut self, id: &TenantId, command: &Command, now: Moment) -> Option<Outcome> {
        Some(match command {
            Command::CheckOut(command) => Outcome::CheckOut(Ok(self.check_out(id, command, now))),
            _ => return None,
        })
    }

    pub fn check_out(&mut self, id: &TenantId, command: &CheckOut, now: Moment) -> CheckedOut {
        let Ok(at) = self.find(id) else {
            let decision = Err(Denial::because(DenialReason::TenantNotFound));
            return CheckedOut { decision, usage: None, notices: Vec::new() };
        };
        let glance = self.glance(now);
        let decided = match command.check_only {
            // `check_only` works on a copy, which is dropped (R20).
            true => self.clone().settle(at, command, now),
            false => self.settle(at, command, now),
        };
        let tenant = &self.tenants[at];
        let pool = decided.as_ref().map_or(&command.pool, |(lease, _)| &lease.pool);
        let usage = tenant.pools.contains(pool).then(|| tenant.usage(pool, &glance));
        let mut notices = Vec::new();
        if let Ok((_, own)) = &decided {
            notices.extend(own);
            notices.extend(usage.iter().flat_map(|_| tenant.notices_of(pool, &glance)));
        }
        CheckedOut { decision: decided.map(|(lease, _)| lease), usage, notices }
    }

    /// Decides, and applies the decision. Returns with a lease the notices of this login.
    fn settle(&mut self, at: usize, command: &CheckOut, now: Moment) -> Result<(Lease, Vec<Notice>), Denial> {
        // R18: overdue sessions in these pools, and of this user, end first.
        let pools = Vec::from_iter(command.pools());
        self.end_overdue(at, now.tick, |session| pools.contains(&&session.pool) || session.user == command.user);
        let yes = self.tenants[at].choose(command, &self.glance(now))?;
        let notices = yes.notices.clone();
        let lease = match command.check_only {
            true => self.tenants[at].lease_if(command, &yes, now),
            false => self.carry_out(at, command, yes, now),
        };
        Ok((lease, notices))
    }

    fn carry_out(&mut self, at: usize, command: &CheckOut, yes: Yes, now: Moment) -> Lease {
        for id in &yes.takes_over {
            self.end(at, *id, SessionEndReason::TakenOver, now.tick);
        }
        for id in &yes.reclaims {
            self.end(at, *id, SessionEndReason::Reclaimed, now.tick);
        }
        if let Some(id) = yes.moves.filter(|id| !yes.takes_over.contains(id)) {
            self.end(at, id, SessionEndReason::Moved, now.tick);
        }
        if yes.admits {
            let user = self.new_user(&command.user, false, now.tick);
            self.tenants[at].users.push(user);
            let seat = self.new_seat(&command.user, &yes.pool, None, now.tick);
            self.tenants[at].seats.push(seat);
            self.tenants[at].know(&yes.pool);
        }
        let session = match yes.renews {
            Some(id) => self.renew(at, id, &yes, command, now.tick),
            None => self.start(at, &yes, command, now.tick),
        };
        self.tenants[at].lease(&session, yes.renews.is_some(), now)
    }

    fn renew(&mut self, at: usize, id: SessionId, yes: &Yes, command: &CheckOut, now: Tick) -> Session {
        self.log.push(Happened::Renewed(id));
        let tenant = &mut self.tenants[at];
        tenant.hold(id, true, now);
        tenant.land(&command.user, yes.organization.as_ref());
        let user = tenant.users.iter_mut().find(|user| user.id == command.user).expect("a known user");
        user.last_sign_in = Some(now);
        let session = tenant.sessions.iter_mut().find(|session| session.id == id).expect("a live session");
        session.organization.clone_from(&yes.organization);
        session.client.clone_from(&command.client);
        session.clone()
    }

    fn start(&mut self, at: usize, yes: &Yes, command: &CheckOut, now: Tick) -> Session {
        self.log.push(Happened::Started(command.fresh));
        let tenant = &mut self.tenants[at];
        tenant.sessions.push(Session {
            id: command.fresh,
            user: command.user.clone(),
            pool: yes.pool.clone(),
            device: command.device.clone(),
            organization: yes.organization.clone(),
            client: command.client.clone(),
            administrator: yes.administrator,
            exempt: yes.exempt,
            started: now,
            last_activity: now,
            heard: now,
            silent_since: None,
            lease_ttl: tenant.policy.lease_ttl,
            promised: None,
            lease_end: Some(now),
            idle_grace: Tick::default(),
        });
        tenant.hold(command.fresh, true, now);
        tenant.land(&command.user, yes.organization.as_ref());
        let user = tenant.users.iter_mut().find(|user| user.id == command.user).expect("a known user");
        user.last_sign_in = Some(now);
        tenant.sessions.last().expect("the new session").clone()
    }
}

impl Tenant {
    pub(super) fn decide(&self, command: &CheckOut, glance: &Glance) -> Result<Yes, Denial> {
        let no = |reason| Err(Denial::because(reason));
        let user = self.user(&command.user);
        let administrator = user.is_some_and(|user| user.administrator);
        // Guard 1.
        if self.suspended {
            return no(DenialReason::TenantSuspended);
        }
        // Guard 2.
        let expired_license = self.license_guard(&command.pool, administrator, glance)?;
        // Guard 3.
        if !self.is_licensed(&command.pool) {
            return no(DenialReason::PoolNotLicensed);
        }
        // Guard 4.
        let admits = user.is_none() && self.policy.unknown_users == UnknownUsers::Admit;
        if user.is_none() && !admits {
            return no(DenialReason::UserNotFound);
        }
        // Guard 5.
        if user.is_some_and(|user| user.blocked.is_some()) {
            return no(DenialReason::UserBlocked);
        }
        // Guard 6.
        let seat = self.seat_guard(command, admits, expired_license, glance)?;
        // Guard 7.
        let organization = self.organization_guard(command, &seat, user)?;
        // Guard 8.
        let exempt = administrator && !self.policy.administrators_count_in_concurrent;
        let same = |session: &&Session| session.pool == command.pool && session.device == command.device;
        let renews = self.sessions_of(&command.user).find(same).map(|session| session.id);
        let mut yes = Yes {
            pool: command.pool.clone(),
            moves: None,
            organization,
            renews,
            exempt,
            administrator,
            admits,
            takes_over: Vec::new(),
            reclaims: Vec::new(),
            notices: expired_license.then_some(Notice::LicenseExpired).into_iter().collect(),
        };
        if renews.is_some() {
            return Ok(yes);
        }
        // Guard 9.
        yes.takes_over = self.device_guard(command, glance)?;
        // Guard 10.
        let (plan, limit) = self.entitlement(&command.pool, glance);
        if plan == Plan::Concurrent && !exempt && !expired_license {
            let mut after = self.clone();
            after.sessions.retain(|session| !yes.takes_over.contains(&session.id));
            let overdraft;
            (yes.reclaims, overdraft) = after.room_guard(command, limit, self, glance)?;
            yes.notices.extend(overdraft.then_some(Notice::Overdraft));
        }
        yes.moves = self.lives_in_alternative(command);
        Ok(yes)
    }

    /// Guard 2; returns whether an administrator passed an expired license (R29).
    pub fn license_guard(&self, pool: &PoolId, administrator: bool, glance: &Glance) -> Result<bool, Denial> {
        match self.standing(pool, glance.license_time) {
            None | Some(Standing::InForce) => Ok(false),
            Some(Standing::NotYet) => Err(Denial::because(DenialReason::LicenseNotYetValid)),
            Some(Standing::Expired) if self.standing(pool, glance.now.wall) == Some(Standing::InForce) => {
                Err(Denial::because(DenialReason::ClockSuspect))
            }
            Some(Standing::Expired) if administrator => Ok(true),
            Some(Standing::Expired) => Err(Denial::because(DenialReason::LicenseExpired)),
        }
    }

    fn seat_guard(&self, command: &CheckOut, admits: bool, expired: bool, glance: &Glance) -> Result<Seat, Denial> {
        if admits {
            if !self.has_named_room(&command.pool, false, glance) {
                return Err(Denial::because(DenialReason::SeatsExhausted));
            }
            // The seat that the user would get; its order does not matter here.
            let (user, pool) = (command.user.clone(), command.pool.clone());
            return Ok(Seat { user, pool, granted: glance.now.tick, order: u64::MAX, only: None });
        }
        let Some(seat) = self.seat(&command.user, &command.pool) else {
            return Err(Denial::because(DenialReason::SeatNotGranted));
        };
        if !expired && self.is_over_limit(seat, glance) {
            return Err(Denial::because(DenialReason::SeatOverLimit));
        }
        Ok(seat.clone())
    }

    fn organization_guard(
        &self,
        command: &CheckOut,
        seat: &Seat,
        user: Option<&User>,
    ) -> Result<Option<OrganizationId>, Denial> {
        match &command.organization {
            Some(wanted) if self.has_access(seat, wanted) => Ok(Some(wanted.clone())),
            Some(_) => Err(Denial::because(DenialReason::OrganizationAccessOff)),
            None => Ok(self.landing(seat, user.and_then(|user| user.last_organization.as_ref()))),
        }
    }

    /// Guard 9; returns the sessions that the login takes over (R17).
    fn device_guard(&self, command: &CheckOut, glance: &Glance) -> Result<Vec<SessionId>, Denial> {
        let mut others: Vec<&Session> = self.sessions_of(&command.user).collect();
        // Another session on a device that the user is signed in on adds no device.
        if others.iter().any(|session| session.device == command.device) {
            return Ok(Vec::new());
        }
        others.sort_by_key(|session| (session.started, session.id));
        let most = self.policy.max_devices_per_user as usize;
        if devices(&others) >= most && self.policy.when_already_signed_in == WhenAlreadySignedIn::Deny {
            let first = others.iter().map(|session| self.deadline(session).0).min();
            return Err(Denial {
                reason: DenialReason::AlreadySignedIn,
                retry_after: first.map(|first| first.since(glance.now.tick)),
                own_sessions: self.own_sessions(&command.user, glance),
                own_session_count: others.len(),
                alternatives: Vec::new(),
            });
        }
        let mut taken = Vec::new();
        while devices(&others) >= most {
            taken.push(others.remove(0).id);
        }
        Ok(taken)
    }

    fn own_sessions(&self, user: &UserId, glance: &Glance) -> Vec<SessionView> {
        let mut own: Vec<&Session> = self.sessions_of(user).collect();
        own.sort_by_key(|session| (session.started, session.id));
        own.into_iter().take(20).map(|session| self.session_view(session, glance)).collect()
    }

    /// Guard 10; returns the sessions that the login reclaims, and whether it is above the limit (R41). `before`: the
    /// tenant with the sessions that a take-over would end.
    fn room_guard(
        &self,
        command: &CheckOut,
        limit: Limit,
        before: &Tenant,
        glance: &Glance,
    ) -> Result<(Vec<SessionId>, bool), Denial> {
        let counted = self.counting_sessions(&command.pool).any(|session| session.user == command.user);
        let in_use = self.in_use(&command.pool, Plan::Concurrent);
        if counted || has_room(limit, in_use) {
            return Ok((Vec::new(), false));
        }
        let most = sum(limit, Limit::Seats(self.overdraft(&command.pool, glance)));
        // R38: who has a seat elsewhere moves to free seats only.
        let stays = self.lives_in_alternative(command).is_some();
        if let Some(idle) = self.idle_longest(&command.pool, glance.now.tick)
            && over(most, in_use) == 0
            && !stays
            && self.policy.when_full == WhenFull::ReclaimIdle
        {
            let theirs = self.sessions_of(&idle.id).filter(|session| session.pool == command.pool);
            return Ok((theirs.map(|session| session.id).collect(), over(limit, in_use) > 0));
        }
        if has_room(most, in_use) && !stays {
            return Ok((Vec::new(), true));
        }
        let first = before.counting_sessions(&command.pool).map(|session| before.deadline(session).0).min();
        let wait = first.map(|first| first.since(glance.now.tick));
        Err(Denial {
            reason: DenialReason::SeatsExhausted,
            retry_after: wait.filter(|_| most != Limit::Seats(0)),
            own_sessions: Vec::new(),
            own_session_count: 0,
            alternatives: Vec::new(),
        })
    }

    /// The Idle user who counts in the pool and whose last activity is the longest ago.
    fn idle_longest(&self, pool: &PoolId, now: Tick) -> Option<&User> {
        let counts = |user: &&User| self.counting_sessions(pool).any(|session| session.user == user.id);
        let idle = self.users.iter().filter(counts).filter(|user| self.status(&user.id, now) == Status::Idle);
        idle.min_by_key(|user| (user.last_activity, user.made))
    }

    /// Records the organization in which the user landed last (R8).
    fn land(&mut self, user: &UserId, organization: Option<&OrganizationId>) {
        let user = self.users.iter_mut().find(|known| known.id == *user).expect("a known user");
        user.last_organization = organization.cloned();
    }

    /// The lease time; `None` if no heartbeat is needed (R25).
    fn ttl(&self) -> Option<Duration> {
        (!self.policy.lease_ttl.is_zero()).then_some(self.policy.lease_ttl)
    }

    pub fn lease(&self, session: &Session, renewed: bool, now: Moment) -> Lease {
        Lease {
            session: Some(session.id),
            tenant: self.id.clone(),
            pool: session.pool.clone(),
            user: session.user.clone(),
            device: session.device.clone(),
            organization: session.organization.clone(),
            started: now.wall_of(session.started),
            ttl: self.ttl(),
            heartbeat_interval: self.ttl().map(|ttl| ttl / 3),
            remaining: (session.started + self.policy.max_session).since(now.tick),
            idle_timeout: self.idle_left(session.last_activity, Some(session), now.tick),
            renewed,
        }
    }

    /// The lease that this check-out would get (R20).
    fn lease_if(&self, command: &CheckOut, yes: &Yes, now: Moment) -> Lease {
        let renewed = self.sessions.iter().find(|session| Some(session.id) == yes.renews);
        let started = renewed.map_or(now.tick, |session| session.started);
        Lease {
            session: None,
            tenant: self.id.clone(),
            pool: yes.pool.clone(),
            user: command.user.clone(),
            device: command.device.clone(),
            organization: yes.organization.clone(),
            started: now.wall_of(started),
            ttl: self.ttl(),
            heartbeat_interval: self.ttl().map(|ttl| ttl / 3),
            remaining: (started + self.policy.max_session).since(now.tick),
            idle_timeout: self.idle_left(now.tick, renewed, now.tick),
            renewed: renewed.is_some(),
        }
    }

    /// Time until the idle timeout ends the session of a user whose last activity was at `active` (R24).
    fn idle_left(&self, active: Tick, session: Option<&Session>, now: Tick) -> Option<Duration> {
        let end = active + self.policy.idle_timeout?;
        Some(session.map_or(end, |session| end.max(session.idle_grace)).since(now))
    }
}

/// The number of devices of these sessions.
fn devices(sessions: &[&Session]) -> usize {
    sessions.iter().map(|session| &session.device).collect::<std::collections::BTreeSet<_>>().len()
}
