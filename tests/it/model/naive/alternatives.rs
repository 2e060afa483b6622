//! Check-outs that name several pools (R38).

use usher::ids::{PoolId, SessionId};
use usher::ledger::command::CheckOut;
use usher::ledger::outcome::Denial;

use super::check_out::Yes;
use super::{Glance, Tenant};

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
