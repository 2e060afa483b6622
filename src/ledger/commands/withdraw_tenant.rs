//! WithdrawTenant: removes a deleted tenant from the tokens that name it.

use std::ops::Bound;
use std::sync::Arc;

use super::installation_command::InstallationCommand;
use super::tokens::about;
use crate::ids::{TenantId, TokenId};
use crate::ledger::model::access::Tenants;
use crate::ledger::model::change::{Action, Actor, Change, Changes};
use crate::ledger::model::command::WithdrawTenant;
use crate::ledger::model::time::Moment;
use crate::ledger::model::token::TokenRow;
use crate::ledger::state::budget::Budget;
use crate::ledger::state::ledger::Ledger;

impl InstallationCommand for WithdrawTenant {
    /// Removes the tenant from as many tokens as one step can. Returns the last of them, after which the caller
    /// continues; `None`: there are no more.
    fn apply(self, ledger: &mut Ledger, _: TenantId, actor: &Actor, now: Moment, out: &mut Changes) -> Option<TokenId> {
        let mut last = self.after;
        while !ledger.budget.is_spent() {
            let from = last.map_or(Bound::Unbounded, Bound::Excluded);
            let (id, row) = ledger.tokens.rows.range((from, Bound::Unbounded)).next()?;
            let (id, row) = (*id, Arc::clone(row));
            last = Some(id);
            ledger.budget.spend(2 * Budget::READ);
            if matches!(&row.tenants, Tenants::Only(tenants) if tenants.contains(&self.gone)) {
                ledger.withdraw_from(&row, &self.gone, actor, now, out);
            }
        }
        last
    }
}

impl Ledger {
    /// A token without any tenant left is deleted, so that a later tenant with the same id does not see it (R1).
    fn withdraw_from(&mut self, row: &TokenRow, gone: &TenantId, actor: &Actor, now: Moment, out: &mut Changes) {
        self.budget.spend_each(row.tenants.len(), Budget::READ);
        let mut left = row.clone();
        if let Tenants::Only(tenants) = &mut left.tenants {
            tenants.remove(gone);
        }
        let detail = format!("{}: tenant {gone} was deleted", about(row));
        self.tokens.remove(row.id);
        let (action, change) = if left.tenants == Tenants::NONE {
            (Action::TokenDeleted, Change::DeleteToken(row.id))
        } else {
            self.tokens.put(left.clone());
            (Action::TokenUpdated, Change::PutToken(left))
        };
        self.write_token(action, &detail, change, actor, now, out);
    }
}
