//! Seats: grant and revoke (R7, R14, R15).

use std::collections::BTreeSet;

use usher::ids::{OrganizationId, PoolId, SessionId, TenantId, UserId};
use usher::ledger::command::{Command, GrantSeats, Outcome, RevokeSeats};
use usher::ledger::outcome::{Denial, DenialReason, Done, Granted, Revoked, SeatView, SessionEndReason};
use usher::ledger::time::{Moment, Tick};

use super::{Glance, Model, Seat, Session, Tenant, missing};

impl Model {
    /// Applies a command about seats.
    pub fn on_seats(&mut self, id: &TenantId, command: &Command, now: Moment) -> Option<Outcome> {
        Some(match command {
            Command::GrantSeats(command) => Outcome::GrantSeats(self.grant_seats(id, command, now)),
            Command::RevokeSeats(command) => Outcome::RevokeSeats(self.revoke_seats(id, command, now)),
            _ => return None,
        })
    }

    pub fn new_seat(
        &mut self,
        user: &UserId,
        pool: &PoolId,
        only: Option<BTreeSet<OrganizationId>>,
        now: Tick,
    ) -> Seat {
        Seat { user: user.clone(), pool: pool.clone(), granted: now, order: self.next_made(), only }
    }

    pub fn grant_seats(&mut self, id: &TenantId, command: &GrantSeats, now: Moment) -> Vec<Done<Granted>> {
        let mut answers = Vec::new();
        for pool in &command.pools {
            for user in &command.users {
                answers.push(self.grant(id, pool, user, &command.organizations, now));
            }
        }
        answers
    }

    fn grant(
        &mut self,
        id: &TenantId,
        pool: &PoolId,
        user: &UserId,
        organizations: &[OrganizationId],
        now: Moment,
    ) -> Done<Granted> {
        let Ok(at) = self.find(id) else {
            let decision = Err(Denial::because(DenialReason::TenantNotFound));
            return Ok(Granted { decision, usage: None });
        };
        self.tenants[at].all_there(organizations)?;
        let glance = self.glance(now);
        let decision = self.tenants[at].grant_guards(pool, user, &glance);
        let decision = decision.map(|()| self.give(at, pool, user, organizations, now));
        let tenant = &self.tenants[at];
        Ok(Granted { decision, usage: tenant.pools.contains(pool).then(|| tenant.usage(pool, &glance)) })
    }

    pub fn give(
        &mut self,
        at: usize,
        pool: &PoolId,
        user: &UserId,
        organizations: &[OrganizationId],
        now: Moment,
    ) -> SeatView {
        self.tenants[at].know(pool);
        if self.tenants[at].user(user).is_none() {
            let made = self.new_user(user, false, now.tick);
            self.tenants[at].users.push(made);
        }
        let named = (!organizations.is_empty()).then(|| organizations.iter().cloned().collect::<BTreeSet<_>>());
        if self.tenants[at].seat(user, pool).is_none() {
            let seat = self.new_seat(user, pool, named, now.tick);
            self.tenants[at].seats.push(seat);
        } else {
            let held = self.tenants[at].seat_mut(user, pool).expect("a held seat");
            held.only = match (held.only.take(), named) {
                (Some(held), Some(named)) => Some(held.union(&named).cloned().collect()),
                _ => None,
            };
        }
        let (glance, tenant) = (self.glance(now), &self.tenants[at]);
        tenant.seat_view(tenant.seat(user, pool).expect("the seat"), &glance)
    }

    pub fn revoke_seats(&mut self, id: &TenantId, command: &RevokeSeats, now: Moment) -> Vec<Done<Revoked>> {
        let mut answers = Vec::new();
        for pool in &command.pools {
            for user in &command.users {
                answers.push(self.revoke(id, pool, user, command, now));
            }
        }
        answers
    }

    fn revoke(
        &mut self,
        id: &TenantId,
        pool: &PoolId,
        user: &UserId,
        command: &RevokeSeats,
        now: Moment,
    ) -> Done<Revoked> {
        let at = self.find(id)?;
        let tenant = &mut self.tenants[at];
        tenant.all_there(&command.organizations)?;
        if tenant.user(user).is_none() {
            return Err(missing("user", user));
        }
        if !tenant.pools.contains(pool) {
            return Err(missing("pool", pool));
        }
        let only = |tenant: &Tenant| tenant.seat(user, pool).map(|seat| seat.only.clone());
        let before = only(tenant);
        tenant.take_access(&command.organizations, |seat| seat.user == *user && seat.pool == *pool);
        let revoked_now = before != only(tenant);
        if command.end_sessions {
            let named = |session: &Session| {
                command.organizations.is_empty()
                    || session.organization.as_ref().is_some_and(|of| command.organizations.contains(of))
            };
            let theirs = self.tenants[at].sessions_of(user).filter(|session| session.pool == *pool && named(session));
            let theirs: Vec<SessionId> = theirs.map(|session| session.id).collect();
            for session in theirs {
                self.end(at, session, SessionEndReason::Closed, now.tick);
            }
        }
        let (glance, tenant) = (self.glance(now), &self.tenants[at]);
        let seat = tenant.seat(user, pool).map(|seat| tenant.seat_view(seat, &glance));
        Ok(Revoked { seat, revoked_now, usage: tenant.usage(pool, &glance) })
    }
}

impl Tenant {
    pub fn seat_mut(&mut self, user: &UserId, pool: &PoolId) -> Option<&mut Seat> {
        self.seats.iter_mut().find(|seat| seat.user == *user && seat.pool == *pool)
    }

    pub fn all_there(&self, organizations: &[OrganizationId]) -> Done<()> {
        let unknown = organizations.iter().find(|wanted| !self.organizations.iter().any(|known| known.id == **wanted));
        unknown.map_or(Ok(()), |unknown| Err(missing("organization", unknown)))
    }

    /// Guards 1, 2, 3 and 5, and room in a named pool. A seat that the user already has needs no room.
    pub fn grant_guards(&self, pool: &PoolId, user: &UserId, glance: &Glance) -> Result<(), Denial> {
        let known = self.user(user);
        if self.suspended {
            return Err(Denial::because(DenialReason::TenantSuspended));
        }
        // R14: no seat is granted to any user while no license is in force.
        self.license_guard(pool, false, glance)?;
        if !self.is_licensed(pool) {
            return Err(Denial::because(DenialReason::PoolNotLicensed));
        }
        if known.is_some_and(|user| user.blocked.is_some()) {
            return Err(Denial::because(DenialReason::UserBlocked));
        }
        let administrator = known.is_some_and(|user| user.administrator);
        if self.seat(user, pool).is_none() && !self.has_named_room(pool, administrator, glance) {
            return Err(Denial::because(DenialReason::SeatsExhausted));
        }
        Ok(())
    }

    /// Turns access off, to all of the tenant if no organization is named; a seat left without any organization is
    /// dropped (R7).
    pub fn take_access(&mut self, organizations: &[OrganizationId], concerned: impl Fn(&Seat) -> bool) {
        let all: BTreeSet<OrganizationId> = self.organizations.iter().map(|known| known.id.clone()).collect();
        self.seats.retain_mut(|seat| {
            if !concerned(seat) {
                return true;
            }
            if organizations.is_empty() {
                return false;
            }
            let only = seat.only.get_or_insert_with(|| all.clone());
            only.retain(|organization| !organizations.contains(organization));
            !only.is_empty()
        });
    }
}
