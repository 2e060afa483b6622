//! ListOrganizations: the organizations of a tenant.

use super::tenant_query::{QueryContext, TenantQuery};
use crate::ids::OrganizationNo;
use crate::ledger::model::command::{Cursor, ListOrganizations, OrganizationOrder, Page};
use crate::ledger::model::outcome::{Done, OrganizationView};
use crate::ledger::state::budget::Budget;
use crate::ledger::state::organization::view;
use crate::ledger::state::search::Finder;
use crate::ledger::state::tenant::Tenant;
use crate::ledger::state::walk::{Cut, Key, Weight};

impl TenantQuery for ListOrganizations {
    fn read(&self, tenant: &Tenant, ctx: &mut QueryContext) -> Option<Done<Page<OrganizationView>>> {
        let cut = Cut::new(self.after.as_ref(), self.descending, self.limit);
        let mut finder = Finder::new(std::slice::from_ref(&self.text));
        let rows = tenant.organizations.numbers_given();
        while let Some(no) = ctx.walk.next_row(rows, ctx.budget) {
            let Some((sort_key, row)) = tenant.organizations.known(OrganizationNo(no)) else { continue };
            ctx.budget.spend(Budget::READ);
            let name = match self.order {
                OrganizationOrder::DisplayName => sort_key,
                OrganizationOrder::OrganizationId => &[],
            };
            let key = Key { when: 0, name, id: row.id.as_str() };
            if ctx.walk.takes(cut, key) && finder.is_in(&[row.id.as_str(), &row.display_name], ctx.budget) {
                ctx.walk.take(cut, key, no, ctx.budget);
            }
        }
        (ctx.walk.is_through(rows) && ctx.walk.is_ready(ctx.budget)).then(|| {
            let at = |no| tenant.organizations.known(OrganizationNo(no)).map(|(_, row)| row);
            let weigh = |_: &Cursor, no| at(no).map(|row| Weight::new(row.display_name.len(), 2));
            Ok(ctx
                .walk
                .page(cut, ctx.budget, weigh, |_, no| view(at(no).expect("one that was weighed"), ctx.basis.now)))
        })
    }
}
