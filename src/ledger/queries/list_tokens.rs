//! Queries about the API tokens of the installation.

use std::ops::Bound;

use crate::ids::TokenId;
use crate::ledger::model::command::{Cursor, ListTokens, Page};
use crate::ledger::model::time::Moment;
use crate::ledger::model::token::{KnownTokens, TokenView};
use crate::ledger::state::budget::Budget;
use crate::ledger::state::ledger::Ledger;
use crate::ledger::state::walk::{Cut, Key, Walk, Weight};

impl Ledger {
    /// Returns `None` if there are more steps to take.
    pub(in crate::ledger) fn list_tokens(
        &self,
        query: &ListTokens,
        walk: &mut Walk,
        now: Moment,
        budget: &mut Budget,
    ) -> Option<Page<TokenView>> {
        let at = self.mark.license_time(now);
        let cut = Cut::new(query.after.as_ref(), false, query.limit);
        while !walk.is_over() {
            let from = walk.last.as_deref().and_then(TokenId::parse).map_or(Bound::Unbounded, Bound::Excluded);
            let Some((id, row)) = self.tokens.rows.range((from, Bound::Unbounded)).next() else { break };
            if budget.is_spent() {
                return None;
            }
            budget.spend(4 * Budget::LOOK);
            budget.spend_each(row.tenants.len(), Budget::LOOK);
            // Of equal length, so that texts sort like the numbers.
            let age = format!("{:020}{id}", row.created.0.max(0));
            let key = Key { when: 0, name: row.name.as_str().as_bytes(), id: &age };
            if walk.takes(cut, key) && query.within.include(&row.tenants) {
                walk.take(cut, key, 0, budget);
            }
            walk.last = Some(id.to_string());
        }
        walk.is_ready(budget).then(|| {
            let shown = |key: &Cursor| self.tokens.rows.get(&TokenId::parse(&key.id[20..])?);
            let weigh = |key: &Cursor, _| shown(key).map(|row| Weight::new(500, row.tenants.len()));
            walk.page(cut, budget, weigh, |key, _| shown(key).expect("one that was weighed").view(at))
        })
    }

    pub(in crate::ledger) fn all_tokens(&self, budget: &mut Budget) -> KnownTokens {
        budget.spend_each(self.tokens.rows.len(), Budget::LOOK);
        KnownTokens { rows: self.tokens.rows.values().cloned().collect(), high: self.mark.high() }
    }
}
