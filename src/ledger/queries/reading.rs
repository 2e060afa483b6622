//! A query in progress.

use super::tenant_query::{QueryContext, TenantQuery};
use crate::ids::TenantId;
use crate::ledger::model::command::{Operation, Query, QueryResult};
use crate::ledger::model::outcome::{Done, Refusal};
use crate::ledger::model::time::Moment;
use crate::ledger::state::budget::Budget;
use crate::ledger::state::ledger::Ledger;
use crate::ledger::state::walk::Walk;

/// A query in progress. A long list takes several steps, between which the ledger may change.
#[derive(Debug, Clone)]
pub struct Reading {
    tenant: Option<TenantId>,
    query: Query,
    walk: Walk,
}

impl Reading {
    /// `tenant`: `None` for lists of a shard's tenants and of the installation's tokens.
    #[must_use]
    pub fn new(tenant: Option<TenantId>, query: Query) -> Self {
        Self { tenant, query, walk: Walk::default() }
    }

    /// Tenant of the query.
    #[must_use]
    pub fn tenant(&self) -> Option<&TenantId> {
        self.tenant.as_ref()
    }
}

impl Ledger {
    /// Answers a query at `now`, with all its steps. Changes nothing that anybody can see.
    pub fn query(&mut self, id: Option<&TenantId>, query: Query, now: Moment) -> QueryResult {
        let mut reading = Reading::new(id.cloned(), query);
        loop {
            if let Some(found) = self.read(&mut reading, now) {
                return found;
            }
        }
    }

    /// Takes one step of a query. Returns `None` if there are more. The answer shows the state at the last step.
    pub fn read(&mut self, reading: &mut Reading, now: Moment) -> Option<QueryResult> {
        if let Some(tenant) = &reading.tenant {
            self.resolve_former_id(tenant, &mut reading.query);
        }
        let mut budget = std::mem::take(&mut self.budget);
        budget.begin();
        let Reading { tenant, query, walk } = reading;
        let found = self.read_step(tenant.as_ref(), query, walk, now, &mut budget);
        self.budget = budget;
        found
    }

    /// Takes one step of a query about a tenant.
    pub(in crate::ledger) fn read_in_tenant<T, Q: TenantQuery + Operation<Answer = Done<T>>>(
        &mut self,
        id: Option<&TenantId>,
        query: &Q,
        walk: &mut Walk,
        now: Moment,
        budget: &mut Budget,
    ) -> Option<Done<T>> {
        let basis = self.limit_basis(now);
        let found = id.and_then(|id| self.by_id.get(id)).and_then(|no| self.tenants[no.0 as usize].as_deref_mut());
        let Some(tenant) = found else {
            return Some(Err(Refusal::not_found("tenant", id.map_or("", TenantId::as_str))));
        };
        if !tenant.mark_idle(now.tick, budget) {
            return None;
        }
        let mut ctx = QueryContext { basis, walk, budget, renewal: &self.renewal, last_event: self.last_event };
        query.read(tenant, &mut ctx)
    }
}
