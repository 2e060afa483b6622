//! Usage of pools, seats and users: one function each, for decisions and displays alike (R15).

use super::entitlement;
use super::headcount::Headcount;
use super::id_filter::IdFilter;
use super::limit_basis::LimitBasis;
use super::session::Session;
use super::tenant::Tenant;
use super::user::{Seat, User};
use crate::ids::{EventNo, OrganizationId, OrganizationNo, PoolNo, UserNo};
use crate::ledger::model::change::{Limit, Plan};
use crate::ledger::model::outcome::{Notice, PoolUsage, SeatView, SessionView, Status, UserTotals, UserView};
use crate::ledger::model::seat_access::access_ids;
use crate::ledger::model::time::{Moment, Tick};

impl Tenant {
    /// Plan and limit of a pool, by the licenses in force (R27, R30).
    pub fn entitled(&self, pool: PoolNo, basis: LimitBasis) -> (Plan, Limit) {
        entitlement::entitled(&self.licenses, pool, basis.license_time, basis.demo_seats)
    }

    /// Seats that may be in use above the limit of a pool (R41).
    pub fn overdraft(&self, pool: PoolNo, basis: LimitBasis) -> u64 {
        entitlement::overdraft(&self.licenses, pool, basis.license_time)
    }

    /// Seats of a pool in use: counted seats (R10), or users with counted live sessions (R11).
    pub fn in_use(&self, pool: PoolNo, plan: Plan) -> u64 {
        let pool = self.pools.get(pool);
        match plan {
            Plan::Named => pool.seats_counted,
            Plan::Concurrent => pool.live_counted,
        }
    }

    /// True if `more` seats are free in a named pool; always true in a concurrent pool: a seat is only a permission
    /// there.
    pub fn has_seats(&self, pool: PoolNo, more: u64, basis: LimitBasis) -> bool {
        let (plan, limit) = self.entitled(pool, basis);
        plan == Plan::Concurrent || limit.has_room_for(self.in_use(pool, plan), more)
    }

    /// Usage of a pool, as decisions and displays see it.
    pub fn usage(&self, no: PoolNo, basis: LimitBasis) -> PoolUsage {
        let (plan, limit) = self.entitled(no, basis);
        let in_use = self.in_use(no, plan);
        let overdraft = self.overdraft(no, basis);
        let above = limit.over(in_use);
        let pool = self.pools.get(no);
        PoolUsage {
            pool: pool.id.clone(),
            plan,
            limit,
            in_use,
            free: limit.free(in_use),
            overdraft,
            overdraft_in_use: above.min(overdraft),
            over: above.saturating_sub(overdraft),
            active: pool.live - pool.idle,
            idle: pool.idle,
            granted: pool.seats,
            demo: self.licenses.heads().is_empty(),
        }
    }

    /// Notices about a pool that is used, for administrators.
    pub fn notices(&self, pool: PoolNo, usage: &PoolUsage, basis: LimitBasis) -> Vec<Notice> {
        let mut notices = Vec::new();
        if usage.demo {
            notices.push(Notice::DemoMode);
        }
        if usage.over > 0 {
            notices.push(Notice::OverLimit);
        }
        if let Some(left) = entitlement::expiring(&self.licenses, pool, basis.license_time) {
            notices.push(Notice::LicenseExpiring(left));
        }
        notices
    }

    /// True if the seat is one of the last k granted in a named pool that is over its limit by k (R14).
    pub fn is_over_limit(&self, user: &User, seat: &Seat, basis: LimitBasis) -> bool {
        let counts = user.blocked.is_none() && user.counts_in_named(&self.policy);
        counts && self.cutoff(seat.pool, basis).is_some_and(|cutoff| seat.order >= cutoff)
    }

    /// First grant in the pool whose seat is over the limit. `None`: the pool is not over its limit.
    fn cutoff(&self, no: PoolNo, basis: LimitBasis) -> Option<EventNo> {
        let (plan, limit) = self.entitled(no, basis);
        let over = limit.over(self.in_use(no, plan));
        if plan == Plan::Concurrent || over == 0 {
            return None;
        }
        let with = self.policy.administrators_count_in_named;
        self.pools.get(no).orders.last(usize::try_from(over).unwrap_or(usize::MAX), with)
    }

    /// A user's status over all of the tenant's sessions (R23).
    pub fn status(&self, user: &User, now: Tick) -> Status {
        let idle_for = now.since(user.last_activity(&self.sessions));
        if user.live == 0 {
            Status::Inactive
        } else if idle_for >= self.policy.idle_after {
            Status::Idle
        } else if idle_for > self.policy.away_after {
            Status::Away
        } else {
            Status::Active
        }
    }

    /// The status as shown for an organization, or for the whole tenant: blank where access is off (R23).
    pub fn shown_status(&self, user: &User, organization: &IdFilter<OrganizationNo>, now: Tick) -> Option<Status> {
        self.has_access(user, organization).then(|| self.status(user, now))
    }

    /// True if a seat in any pool gives access to the organization, or to any (R7). A blocked user has none (R5).
    fn has_access(&self, user: &User, organization: &IdFilter<OrganizationNo>) -> bool {
        let there = match organization {
            IdFilter::Any => true,
            IdFilter::Only(no) => user.seats.iter().any(|seat| self.organizations.allows(&seat.access, *no)),
            IdFilter::Nothing => false,
        };
        there && user.has_access()
    }

    pub fn session_view(&self, session: &Session, now: Moment) -> SessionView {
        let user = self.users.get(session.user);
        SessionView {
            id: session.id,
            user: user.id.clone(),
            pool: self.pools.get(session.pool).id.clone(),
            organization: session.organization.and_then(|no| self.organizations.id(no)),
            device: session.device.clone(),
            client: session.client.clone(),
            started: now.wall_of(session.started),
            last_activity: now.wall_of(session.last_activity),
            idle: now.tick.since(session.last_activity),
            status: self.status(user, now.tick),
            administrator: session.administrator,
        }
    }

    /// Shows at most `named` of the seat's organizations.
    pub fn seat_view(&self, user: UserNo, pool: PoolNo, named: usize, basis: LimitBasis) -> Option<SeatView> {
        let user = self.users.get(user);
        user.seat(pool).map(|seat| self.view_of_seat(user, seat, named, basis))
    }

    fn view_of_seat(&self, user: &User, seat: &Seat, named: usize, basis: LimitBasis) -> SeatView {
        SeatView {
            user: user.id.clone(),
            pool: self.pools.get(seat.pool).id.clone(),
            active: user.blocked.is_none(),
            over_limit: self.is_over_limit(user, seat, basis),
            organizations: access_ids(&seat.access, named, |no| self.organizations.id(no)),
            organization_count: seat.access.len(),
            granted: basis.now.wall_of(seat.granted),
        }
    }

    pub fn user_view(&self, no: UserNo, basis: LimitBasis) -> UserView {
        self.user_view_in(no, &IdFilter::Any, basis)
    }

    /// The user, with the status as shown for an organization.
    pub fn user_view_in(&self, no: UserNo, organization: &IdFilter<OrganizationNo>, basis: LimitBasis) -> UserView {
        let user = self.users.get(no);
        let seats = user.seats.iter().map(|seat| self.view_of_seat(user, seat, usize::MAX, basis)).collect();
        let default_organization =
            |seat: &Seat| self.organizations.default_organization(&seat.access, user.last_organization);
        let last_sign_in = self.users.last_sign_in(no);
        UserView {
            id: user.id.clone(),
            profile: user.profile.as_deref().cloned().unwrap_or_default(),
            administrator: user.administrator,
            blocked: user.blocked,
            seats,
            status: self.shown_status(user, organization, basis.now.tick),
            default_organization: user
                .seats
                .first()
                .and_then(default_organization)
                .and_then(|no| self.organizations.id(no)),
            last_sign_in: last_sign_in.map(|tick| basis.now.wall_of(tick)),
            last_activity: last_sign_in.map(|_| basis.now.wall_of(user.last_activity(&self.sessions))),
            created: basis.now.wall_of(user.created),
            version: user.version,
        }
    }

    /// Numbers of users by state and status. The caller has called [`Self::mark_idle`].
    pub fn user_totals(&self) -> UserTotals {
        let Headcount { with_access, blank_active, blank_idle, blocked_administrators } = self.headcount;
        let total = self.users.len() as u64;
        let (active, idle) = (self.active.len() as u64, self.idle.len() as u64);
        let (active, idle, with_access) =
            (active - u64::from(blank_active), idle - u64::from(blank_idle), u64::from(with_access));
        UserTotals {
            total,
            active: total - self.blocked,
            blocked: self.blocked,
            administrators: self.administrators,
            active_ordinary: total - self.blocked - (self.administrators - u64::from(blocked_administrators)),
            with_access,
            status_active: active,
            status_idle: idle,
            status_inactive: with_access - active - idle,
        }
    }

    /// The filter for an organization: without an id, every one.
    pub fn wanted_organization(&self, id: Option<&OrganizationId>) -> IdFilter<OrganizationNo> {
        IdFilter::of(id.is_some(), id.and_then(|id| self.organizations.find(id)))
    }
}
