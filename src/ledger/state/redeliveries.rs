//! Budgets of repeated deliveries of notifications.

use super::map::Seed;
use super::rates::{Limiter, RateLimits};
use crate::ids::TenantNo;
use crate::ledger::model::notification::Topic;
use crate::ledger::model::outcome::{Done, Refusal};
use crate::ledger::model::time::Tick;

/// Budgets of repeated deliveries, which reach people and cause requests to receivers.
#[derive(Debug)]
pub(in crate::ledger) struct Redeliveries {
    of_tenant: Limiter<TenantNo>,
    of_one: Limiter<(TenantNo, Topic)>,
}

impl Redeliveries {
    pub fn new(rates: &RateLimits, seed: Seed) -> Self {
        let of_tenant = Limiter::new(rates.redeliveries, seed);
        Self { of_tenant, of_one: Limiter::new(rates.redeliveries_of_one, seed) }
    }

    /// Takes one from each budget, or from none if one of them is spent.
    pub fn take(&mut self, tenant: TenantNo, topic: &Topic, now: Tick) -> Done<()> {
        let too_often =
            |what: &str, retry| Err(Refusal::TooOften { text: format!("{what} delivered again too often."), retry });
        let one = (tenant, topic.clone());
        if let Err(retry) = self.of_one.check(&one, now) {
            return too_often("This notification was", retry);
        }
        if let Err(retry) = self.of_tenant.take(&tenant, now) {
            return too_often("The tenant's notifications were", retry);
        }
        self.of_one.take(&one, now).expect("there was one");
        Ok(())
    }
}
