//! ListTenants: the tenants of a shard.

use std::ops::Bound;

use super::shard_query::ShardQuery;
use crate::ids::TenantId;
use crate::ledger::model::access::Tenants;
use crate::ledger::model::command::{Cursor, ListTenants, Page};
use crate::ledger::model::outcome::TenantView;
use crate::ledger::model::time::Moment;
use crate::ledger::state::budget::Budget;
use crate::ledger::state::ledger::Ledger;
use crate::ledger::state::search::Finder;
use crate::ledger::state::tenant::Tenant;
use crate::ledger::state::walk::{Cut, Key, Walk, Weight};

impl ShardQuery for ListTenants {
    fn read(&self, ledger: &Ledger, walk: &mut Walk, now: Moment, budget: &mut Budget) -> Option<Page<TenantView>> {
        let cut = Cut::new(self.after.as_ref(), false, self.limit);
        let mut finder = Finder::new(std::slice::from_ref(&self.text));
        let at = |no: u32| ledger.tenants[no as usize].as_deref();
        // A caller who is authorized for a few tenants gets only these.
        let rows = match &self.among {
            Tenants::All => ledger.tenants.len(),
            Tenants::Only(ids) => ids.len(),
        };
        let rows = u32::try_from(rows).expect("fewer than 2^32 tenants");
        while let Some(row) = walk.next_row(rows, budget) {
            let no = match &self.among {
                Tenants::All => Some(row),
                Tenants::Only(ids) => {
                    budget.spend(2 * Budget::READ);
                    let last = walk.last.as_deref().map(TenantId::stored);
                    let from = last.as_ref().map_or(Bound::Unbounded, Bound::Excluded);
                    let id = ids.range::<TenantId, _>((from, Bound::Unbounded)).next();
                    walk.last = id.map(|id| id.as_str().to_owned());
                    id.and_then(|id| ledger.by_id.get(id)).map(|no| no.0)
                }
            };
            let Some((no, tenant)) = no.and_then(|no| Some((no, at(no)?))) else { continue };
            budget.spend(Budget::READ);
            let key = Key { when: 0, name: &[], id: tenant.id.as_str() };
            let texts = [tenant.id.as_str(), &tenant.display_name, &tenant.contact];
            let state = self.state.is_none_or(|state| state == tenant.state);
            if state && walk.takes(cut, key) && finder.is_in(&texts, budget) {
                walk.take(cut, key, no, budget);
            }
        }
        (walk.is_through(rows) && walk.is_ready(budget)).then(|| {
            let weight = |tenant: &Tenant| Weight::new(800 + tenant.display_name.len() + tenant.contact.len(), 0);
            let weigh = |key: &Cursor, no| at(no).filter(|tenant| tenant.id.as_str() == key.id).map(weight);
            walk.page(cut, budget, weigh, |_, no| at(no).expect("a tenant that was weighed").view(now))
        })
    }
}
