//! How often one caller, and one user, may check out: against clients that run wild, and against hoarding seats. Off
//! unless asked for.

use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

use tonic::Status;

use super::context::Limits;
use super::status;
use crate::auth::Caller;
use crate::auth::rate::Buckets;
use crate::clock::Clock;
use crate::ids::{TenantId, UserId};

/// Callers and users that are remembered: those that asked within the time in which a rate starts anew.
const MOST: usize = 100_000;

pub(super) struct Rates {
    /// By the hash of a name: names are long, and two that meet share a rate.
    callers: Option<Buckets<u64>>,
    users: Option<Buckets<u64>>,
    hashes: RandomState,
    clock: Clock,
}

impl Rates {
    pub fn new(limits: &Limits, clock: Clock) -> Self {
        let buckets = |rate: Option<_>| rate.map(|rate| Buckets::new(rate, MOST));
        let (callers, users) = (buckets(limits.caller_rate), buckets(limits.user_rate));
        Self { callers, users, hashes: RandomState::new(), clock }
    }

    /// # Errors
    /// `RESOURCE_EXHAUSTED` with `RetryInfo`: nothing was decided.
    pub fn check(&self, caller: &Caller, tenant: &TenantId, user: &UserId) -> Result<(), Status> {
        if let Some(callers) = &self.callers {
            let taken = callers.take(self.hashes.hash_one(&caller.actor().0), self.now());
            taken.map_err(|retry| status::too_many_check_outs("caller", retry))?;
        }
        if let Some(users) = &self.users {
            let taken = users.take(self.hashes.hash_one((tenant, user)), self.now());
            taken.map_err(|retry| status::too_many_check_outs("user", retry))?;
        }
        Ok(())
    }

    fn now(&self) -> Duration {
        self.clock.monotonic()
    }
}
