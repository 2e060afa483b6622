//! Rates of check-outs by one caller and by one user, against misbehaving clients and the hoarding of seats; off by
//! default. Also rates of contacting the vendor for one tenant.

use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

use tonic::Status;

use super::limits::Limits;
use crate::auth::Caller;
use crate::auth::rate::{Buckets, Rate};
use crate::clock::Clock;
use crate::ids::{TenantId, UserId};
use crate::ledger::outcome::Refusal;
use crate::status;

/// Callers and users that are tracked: those that were active within the time in which a rate recovers.
const MAX_KEYS: usize = 100_000;
/// FetchLicense calls of a tenant: 5 at once, then one a minute.
const FETCH_RATE: Rate = Rate { burst: 5, each: Duration::from_secs(60) };
/// License requests that are mailed for a tenant: 5 at once, then one in ten minutes.
const LICENSE_REQUEST_RATE: Rate = Rate { burst: 5, each: Duration::from_secs(10 * 60) };

/// Rate limits of check-outs and of contacts with the vendor.
pub(super) struct Rates {
    /// Keyed by a hash of the name, because names are long; two names with the same hash share a rate.
    callers: Option<Buckets<u64>>,
    users: Option<Buckets<u64>>,
    fetches: Buckets<TenantId>,
    requests: Buckets<TenantId>,
    hashes: RandomState,
    clock: Clock,
}

impl Rates {
    pub fn new(limits: &Limits, clock: Clock) -> Self {
        let buckets = |rate: Option<_>| rate.map(|rate| Buckets::new(rate, MAX_KEYS));
        let (callers, users) = (buckets(limits.caller_rate), buckets(limits.user_rate));
        let (fetches, requests) = (Buckets::new(FETCH_RATE, MAX_KEYS), Buckets::new(LICENSE_REQUEST_RATE, MAX_KEYS));
        Self { callers, users, fetches, requests, hashes: RandomState::new(), clock }
    }

    /// Counts a FetchLicense call of a tenant.
    ///
    /// # Errors
    /// [`Refusal::TooOften`]: the vendor was not contacted.
    pub fn check_fetch(&self, tenant: &TenantId) -> Result<(), Refusal> {
        let taken = self.fetches.take(tenant.clone(), self.now());
        taken.map_err(|retry| too_often("this tenant's license was fetched too often; the vendor was not asked", retry))
    }

    /// Counts a license request that is mailed for a tenant.
    ///
    /// # Errors
    /// [`Refusal::TooOften`]: nothing was sent.
    pub fn check_request(&self, tenant: &TenantId) -> Result<(), Refusal> {
        let taken = self.requests.take(tenant.clone(), self.now());
        taken.map_err(|retry| too_often("too many requests of this tenant were sent; this one was not", retry))
    }

    /// Counts a check-out against the rates of its caller and its user.
    ///
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

fn too_often(text: &str, retry: Duration) -> Refusal {
    Refusal::TooOften { text: text.to_owned(), retry }
}
