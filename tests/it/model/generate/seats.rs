//! Commands about seats and sessions: check-outs, heartbeats, grants, closing.

use usher::ids::TenantId;
use usher::ledger::command::{CheckOut, CloseIdle, CloseSession, Command, GrantSeats, Heartbeat, RevokeSeats};

use super::super::naive::Model;
use super::Generator;

impl Generator {
    pub(super) fn check_out(&mut self, model: &Model, tenant: &TenantId) -> Command {
        // Mostly a user who holds a seat, or who is signed in already.
        let (mut user, mut pool) = (self.user(), self.pool());
        if let Some(tenant) = model.tenant(tenant) {
            match self.rng.below(10) {
                0..=5 if !tenant.seats.is_empty() => {
                    let seat = self.rng.pick(&tenant.seats);
                    (user, pool) = (seat.user.clone(), seat.pool.clone());
                }
                6..=7 if !tenant.sessions.is_empty() => {
                    let session = self.rng.pick(&tenant.sessions);
                    (user, pool) = (session.user.clone(), session.pool.clone());
                }
                _ => {}
            }
        }
        let mut alternatives = if self.rng.percent(20) { self.pools(1, 2) } else { Vec::new() };
        alternatives.retain(|other| *other != pool);
        alternatives.dedup();
        CheckOut {
            pool,
            alternatives,
            user,
            device: self.device(),
            organization: self.perhaps(15, Self::organization_id),
            client: self.rng.word(&["", "10.0.0.1"]).into(),
            check_only: self.rng.percent(10),
            fresh: self.fresh(),
        }
        .into()
    }

    pub(super) fn heartbeat(&mut self, model: &Model, tenant: &TenantId) -> Command {
        let count = 1 + self.rng.below(4);
        let heartbeats = (0..count).map(|_| (self.session(model, tenant), self.rng.percent(40))).collect();
        Heartbeat { heartbeats }.into()
    }

    pub(super) fn grant_seats(&mut self) -> Command {
        GrantSeats { pools: self.pools(1, 2), users: self.users(), organizations: self.organizations() }.into()
    }

    pub(super) fn revoke_seats(&mut self) -> Command {
        RevokeSeats {
            pools: self.pools(1, 2),
            users: self.users(),
            organizations: self.organizations(),
            end_sessions: self.rng.percent(40),
        }
        .into()
    }

    pub(super) fn close(&mut self, model: &Model, tenant: &TenantId) -> Command {
        if self.rng.percent(35) {
            return CloseIdle { pool: self.perhaps(50, Self::pool), own_user: self.perhaps(40, Self::user) }.into();
        }
        CloseSession {
            session: self.session(model, tenant),
            force: self.rng.percent(30),
            own_session: self.perhaps(20, |this| this.session(model, tenant)),
            own_user: self.perhaps(20, Self::user),
        }
        .into()
    }
}
