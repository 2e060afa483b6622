//! Brings each query to where it is read, as the table of queries says.

use super::shard_query::ShardQuery;
use super::tenant_query::TenantQuery;
use crate::ids::{TenantId, UserId};
use crate::ledger::model::command::{Query, QueryResult, queries};
use crate::ledger::model::time::Moment;
use crate::ledger::state::budget::Budget;
use crate::ledger::state::ledger::Ledger;
use crate::ledger::state::walk::Walk;

macro_rules! define_dispatch {
    (
        shard { $($shard:ident -> $shard_answer:ty;)+ }
        tenant { $($tenant:ident -> $tenant_answer:ty;)+ }
    ) => {
        impl Ledger {
            /// Takes one step of a query. Returns `None` if there are more.
            pub(in crate::ledger) fn read_step(
                &mut self,
                id: Option<&TenantId>,
                query: &Query,
                walk: &mut Walk,
                now: Moment,
                budget: &mut Budget,
            ) -> Option<QueryResult> {
                match query {
                    $(Query::$shard(query) => query.read(self, walk, now, budget).map(QueryResult::$shard),)+
                    $(Query::$tenant(query) => {
                        self.read_in_tenant(id, query, walk, now, budget).map(QueryResult::$tenant)
                    })+
                }
            }
        }

        impl Query {
            /// The user id of the query.
            pub(in crate::ledger) fn user(&mut self) -> Option<&mut UserId> {
                match self {
                    $(Query::$shard(_) => None,)+
                    $(Query::$tenant(query) => query.user(),)+
                }
            }
        }
    };
}

queries!(define_dispatch);
