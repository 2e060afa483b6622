//! Check-outs that name several pools (R38).

use usher::ids::{PoolId, SessionId, TenantId};
use usher::ledger::command::{CheckOut, Command};
use usher::ledger::outcome::Denial;
use usher::ledger::time::Tick;

use super::check_out::Yes;
use super::{Glance, Model, Tenant};

/// Overdue sessions that the ledger certainly ends before a check-out.
const ENDED_BEFORE: usize = 10;

impl Model {
    /// A check-out ends overdue sessions of its pools as far as a step of the ledger goes, and does not wait for those of
    /// a pool that has room (R18). With several pools there can be more than one step's.
    pub fn may_leave_overdue(&self, id: &TenantId, command: &Command, now: Tick) -> bool {
        let (Command::CheckOut(command), Ok(at)) = (command, self.find(id)) else { return false };
        let tenant = &self.tenants[at];
        let there = tenant.sessions.iter().filter(|session| command.pools().any(|pool| *pool == session.pool));
        let overdue = there.filter(|session| tenant.deadline(session).0 <= now);
        !command.alternatives.is_empty() && overdue.count() > ENDED_BEFORE
    }
}

impl Tenant {
    /// R38: the first pool that gives a seat; if none does, the first denial, with the reasons of the others.
    pub(super) fn choose(&self, command: &CheckOut, glance: &Glance) -> Result<Yes, Denial> {
        let mut tries = Vec::from_iter(command.pools().cloned());
        let mut denials = Vec::new();
        while !tries.is_empty() {
            let pool = tries.remove(0);
            match self.decide(&CheckOut { pool: pool.clone(), alternatives: tries.clone(), ..command.clone() }, glance)
            {
                Ok(yes) => return Ok(yes),
                Err(denial) => denials.push((pool, denial)),
            }
        }
        let (_, first) = denials.remove(0);
        let alternatives = denials.into_iter().map(|(pool, denial)| (pool, denial.reason)).collect();
        Err(Denial { alternatives, ..first })
    }

    /// The session of the same device in one of the pools that are only alternatives, the first of them first.
    pub(super) fn lives_in_alternative(&self, command: &CheckOut) -> Option<SessionId> {
        let of_device = |pool: &PoolId| {
            let own = self.sessions_of(&command.user).filter(|session| session.device == command.device);
            own.filter(|session| session.pool == *pool).min_by_key(|session| (session.started, session.id))
        };
        command.alternatives.iter().find_map(of_device).map(|session| session.id)
    }
}
