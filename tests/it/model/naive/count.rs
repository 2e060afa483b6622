//! Every figure, counted from the lists.

use std::collections::BTreeSet;

use usher::ids::{OrganizationId, PoolId, UserId};
use usher::ledger::change::{Limit, Plan};
use usher::ledger::outcome::{Notice, PoolUsage, SeatView, SessionEndReason, Status, UserView};
use usher::ledger::time::Tick;

use super::licenses::{Standing, sum};
use super::lists::alphabetically;
use super::notifications::seats;
use super::{Glance, Seat, Session, Tenant, User};

/// Returns whether the limit leaves a free seat (R12).
pub fn has_room(limit: Limit, in_use: u64) -> bool {
    match limit {
        Limit::Seats(seats) => in_use < seats,
        Limit::Unlimited => true,
    }
}

/// The number of seats above a limit that shrank (R14).
pub fn over(limit: Limit, in_use: u64) -> u64 {
    match limit {
        Limit::Seats(seats) if in_use > seats => in_use - seats,
        _ => 0,
    }
}

impl Tenant {
    pub fn user(&self, id: &UserId) -> Option<&User> {
        self.users.iter().find(|user| user.id == *id)
    }

    pub fn seat(&self, user: &UserId, pool: &PoolId) -> Option<&Seat> {
        self.seats.iter().find(|seat| seat.user == *user && seat.pool == *pool)
    }

    pub fn sessions_of<'a>(&'a self, user: &'a UserId) -> impl Iterator<Item = &'a Session> {
        self.sessions.iter().filter(move |session| session.user == *user)
    }

    /// The time at which the session is overdue, and the reason of its end then (R24).
    pub fn deadline(&self, session: &Session) -> (Tick, SessionEndReason) {
        let mut first = (session.started + self.policy.max_session, SessionEndReason::MaxDuration);
        if let Some(timeout) = self.policy.idle_timeout {
            let idle = (session.last_activity + timeout).max(session.idle_grace);
            if idle < first.0 {
                first = (idle, SessionEndReason::IdleTimeout);
            }
        }
        if let Some(end) = session.lease_end
            && end < first.0
        {
            first = (end, SessionEndReason::LeaseExpired);
        }
        first
    }

    /// R23: the status over all of the tenant's sessions, those that have ended included, while one is live.
    pub fn status(&self, user: &UserId, now: Tick) -> Status {
        let last = self.user(user).and_then(|user| user.last_activity);
        let Some(last) = last.filter(|_| self.sessions_of(user).next().is_some()) else { return Status::Inactive };
        let age = now.since(last);
        if age >= self.policy.idle_after {
            Status::Idle
        } else if age > self.policy.away_after {
            Status::Away
        } else {
            Status::Active
        }
    }

    /// Returns whether the user's seats count in named pools (R5, R10).
    fn counts_in_named(&self, user: &User) -> bool {
        user.blocked.is_none() && (self.policy.administrators_count_in_named || !user.administrator)
    }

    /// The counting seats of a pool, in the order of their grants.
    fn counting_seats(&self, pool: &PoolId) -> Vec<&Seat> {
        let counts =
            |seat: &&Seat| seat.pool == *pool && self.user(&seat.user).is_some_and(|u| self.counts_in_named(u));
        let mut seats: Vec<&Seat> = self.seats.iter().filter(counts).collect();
        seats.sort_by_key(|seat| seat.order);
        seats
    }

    /// The sessions that count in a concurrent pool (R11).
    pub fn counting_sessions<'a>(&'a self, pool: &'a PoolId) -> impl Iterator<Item = &'a Session> {
        self.sessions.iter().filter(move |session| session.pool == *pool && !session.exempt)
    }

    pub fn in_use(&self, pool: &PoolId, plan: Plan) -> u64 {
        match plan {
            Plan::Named => self.counting_seats(pool).len() as u64,
            Plan::Concurrent => {
                self.counting_sessions(pool).map(|session| &session.user).collect::<BTreeSet<_>>().len() as u64
            }
        }
    }

    /// R41: the seats that all licenses in force allow above the limit of the pool.
    pub fn overdraft(&self, pool: &PoolId, glance: &Glance) -> u64 {
        let in_force = self.deciding().filter(|license| license.standing(glance.license_time) == Standing::InForce);
        let given = in_force.flat_map(|license| &license.grant.pools).filter(|given| given.pool == *pool);
        given.map(|given| given.overdraft).sum()
    }

    /// R14: in a named pool that is over its limit, the seats granted last may not sign in.
    pub fn is_over_limit(&self, seat: &Seat, glance: &Glance) -> bool {
        let (Plan::Named, Limit::Seats(limit)) = self.entitlement(&seat.pool, glance) else { return false };
        let place = self.counting_seats(&seat.pool).iter().position(|other| other.user == seat.user);
        place.is_some_and(|place| place as u64 >= limit)
    }

    /// Returns whether the pool has a seat free for one more user; an exempt administrator needs none.
    pub fn has_named_room(&self, pool: &PoolId, administrator: bool, glance: &Glance) -> bool {
        let (plan, limit) = self.entitlement(pool, glance);
        let exempt = administrator && !self.policy.administrators_count_in_named;
        plan == Plan::Concurrent || exempt || has_room(limit, self.in_use(pool, plan))
    }

    /// Adds the pool to those that the tenant knows.
    pub fn know(&mut self, pool: &PoolId) {
        if !self.pools.contains(pool) {
            self.pools.push(pool.clone());
        }
    }

    pub fn usages(&self, glance: &Glance) -> Vec<PoolUsage> {
        self.pools.iter().map(|pool| self.usage(pool, glance)).collect()
    }

    pub fn usage(&self, pool: &PoolId, glance: &Glance) -> PoolUsage {
        let (plan, limit) = self.entitlement(pool, glance);
        let in_use = self.in_use(pool, plan);
        let here = self.sessions.iter().filter(|session| session.pool == *pool);
        let users: BTreeSet<&UserId> = here.map(|session| &session.user).collect();
        let idle = users.iter().filter(|user| self.status(user, glance.now.tick) == Status::Idle).count() as u64;
        let active_seat =
            |seat: &&Seat| seat.pool == *pool && self.user(&seat.user).is_some_and(|user| user.blocked.is_none());
        PoolUsage {
            pool: pool.clone(),
            plan,
            limit,
            in_use,
            free: if has_room(limit, in_use) { seats(limit).saturating_sub(in_use) } else { 0 },
            overdraft: self.overdraft(pool, glance),
            overdraft_in_use: over(limit, in_use).min(self.overdraft(pool, glance)),
            over: over(sum(limit, Limit::Seats(self.overdraft(pool, glance))), in_use),
            active: users.len() as u64 - idle,
            idle,
            granted: self.seats.iter().filter(active_seat).count() as u64,
            demo: self.is_demo(),
        }
    }

    /// The notices about the use of a pool.
    pub fn notices_of(&self, pool: &PoolId, glance: &Glance) -> Vec<Notice> {
        let demo = self.is_demo().then_some(Notice::DemoMode);
        let over = (self.usage(pool, glance).over > 0).then_some(Notice::OverLimit);
        demo.into_iter().chain(over).chain(self.expiring(pool, glance)).collect()
    }

    pub fn has_access(&self, seat: &Seat, organization: &OrganizationId) -> bool {
        let there = self.organizations.iter().any(|known| known.id == *organization);
        there && seat.only.as_ref().is_none_or(|only| only.contains(organization))
    }

    /// R8: the organization of a login that asks for none.
    pub fn landing(&self, seat: &Seat, last: Option<&OrganizationId>) -> Option<OrganizationId> {
        let mut open: Vec<_> = self.organizations.iter().filter(|known| self.has_access(seat, &known.id)).collect();
        open.sort_by(|a, b| alphabetically(&a.display_name, &b.display_name).then_with(|| a.id.cmp(&b.id)));
        let used = open.iter().find(|organization| Some(&organization.id) == last);
        used.or(open.first()).map(|organization| organization.id.clone())
    }

    pub fn seat_view(&self, seat: &Seat, glance: &Glance) -> SeatView {
        SeatView {
            user: seat.user.clone(),
            pool: seat.pool.clone(),
            active: self.user(&seat.user).is_some_and(|user| user.blocked.is_none()),
            over_limit: self.is_over_limit(seat, glance),
            organizations: seat.only.as_ref().map(|only| only.iter().cloned().collect()),
            organization_count: seat.only.as_ref().map_or(0, BTreeSet::len),
            granted: glance.now.wall_of(seat.granted),
        }
    }

    /// R23: blank where access is off, which includes users without a seat, and while the user is blocked.
    fn status_in(&self, user: &User, organization: Option<&OrganizationId>, now: Tick) -> Option<Status> {
        let mut seats = self.seats.iter().filter(|seat| seat.user == user.id && user.blocked.is_none());
        let on = seats.any(|seat| organization.is_none_or(|organization| self.has_access(seat, organization)));
        on.then(|| self.status(&user.id, now))
    }

    pub fn user_view(&self, user: &User, glance: &Glance) -> UserView {
        self.user_view_in(user, None, glance)
    }

    pub fn user_view_in(&self, user: &User, organization: Option<&OrganizationId>, glance: &Glance) -> UserView {
        let mut seats: Vec<&Seat> = self.seats.iter().filter(|seat| seat.user == user.id).collect();
        let first_known = |seat: &&Seat| self.pools.iter().position(|pool| *pool == seat.pool);
        seats.sort_by_key(|seat| (seat.order, first_known(seat)));
        let landing = seats.first().and_then(|seat| self.landing(seat, user.last_organization.as_ref()));
        UserView {
            id: user.id.clone(),
            profile: user.profile.clone(),
            administrator: user.administrator,
            blocked: user.blocked,
            seats: seats.iter().map(|seat| self.seat_view(seat, glance)).collect(),
            status: self.status_in(user, organization, glance.now.tick),
            default_organization: landing,
            last_sign_in: user.last_sign_in.map(|at| glance.now.wall_of(at)),
            last_activity: user.last_activity.map(|at| glance.now.wall_of(at)),
            created: glance.now.wall_of(user.created),
            version: user.version,
        }
    }
}
